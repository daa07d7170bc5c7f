"""A process of ours between fork and exec, and what it says at its end."""

import subprocess
import sys
import time
from pathlib import Path

from compose.processes import Child

#: Ctrl-C reaches a terminal's whole foreground group: here the child, the moment it is forked.
FORKED = """
import os, signal, sys
from pathlib import Path
from compose.processes import Child

os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))
child = Child("sleeper", ["sleep", "60"], Path(sys.argv[1]), {})
child.start()
child._process.wait(60)
print(child._process.returncode)
"""


def test_a_child_that_hears_ctrl_c_before_it_is_itself_ends_without_a_word(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", FORKED, str(tmp_path / "log")], capture_output=True, text=True, check=False, timeout=90
    )

    assert found.stderr == ""
    assert found.stdout == "-2\n"


def test_last_words_are_of_the_latest_start_alone(tmp_path: Path) -> None:
    said = tmp_path / "log"
    for word in ("first", "second"):
        child = Child("speaker", ["echo", word], said, {})
        child.start()
        deadline = time.monotonic() + 60
        while not child.ended:
            assert time.monotonic() < deadline

    assert said.read_text() == "first\nsecond\n"
    assert child.last_words() == "second"


#: One who makes the binding, and whose child has a child of its own that is bound by it: its parent is another by then.
ORPHAN = """
import os, sys
from compose.processes import dying_with_us
bind = dying_with_us()
if os.fork() == 0:
    if os.fork() == 0:
        bind()
        print("it runs", flush=True)
        os._exit(0)
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_a_child_whose_parent_ended_before_it_was_bound_ends_as_well() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
