"""A process group: whether it lives, and a guard that ends it when we do not come to it. Linux."""

import os
import subprocess
from pathlib import Path

#: Reads the group's number, then nothing until we are gone. (dash, a usual `sh`, knows no `--` here.)
_GUARD = 'read -r group; read -r rest; kill -KILL "-$group"'


class Guard:
    """A shell that waits for the end of a pipe only we hold, and then kills the group: however this process ends.

    PR_SET_PDEATHSIG would reach the program alone, not its children, and goes off when a mere thread ends.
    """

    def __init__(self) -> None:
        theirs, self._held = os.pipe()
        try:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                # A Ctrl-C is not for it.
                start_new_session=True,
            )
        except BaseException:
            os.close(self._held)
            raise
        finally:
            os.close(theirs)

    def name(self) -> None:
        """Called by a program before it becomes one: this group is to be guarded. From there on there is no gap."""
        os.write(self._held, b"%d\n" % os.getpid())

    def dismiss(self) -> None:
        """The group has ended."""
        self._shell.kill()
        self._shell.wait()
        os.close(self._held)


def is_alive(group: int) -> bool:
    """Somebody of a group is more than a zombie."""
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, found, *_ = place.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it is gone
        if int(found) == group and state not in "ZX":
            return True
    return False
