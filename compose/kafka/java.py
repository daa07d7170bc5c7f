"""Which Java runs the local broker: that of JAVA_HOME, or else of the PATH; 17 or newer."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from eventstore.errors import AgendumError

OLDEST = 17
INSTEAD = (
    "install it, or Docker with its compose plugin, or name a Kafka that is there (agendum up --kafka HOST:PORT; for "
    "tests AGENDUM_TEST_KAFKA)"
)


class NotInstalled(AgendumError):
    """The local broker cannot run on this machine as it is; says what to install."""


def java() -> str:
    """The program, whether it is there or not."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else shutil.which("java") or "java"


def is_here() -> bool:
    """There is a program called so."""
    return shutil.which(java()) is not None


def version(said: str) -> int | None:
    """The major version in what `java -version` says; 8 says that it is 1.8."""
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def demand() -> None:
    """Nothing, if Java is new enough. Raises NotInstalled."""
    try:
        command = [java(), "-version"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        found = version(done.stderr + done.stdout) if done.returncode == 0 else None
    except OSError:
        found = None
    if (found or 0) < OLDEST:
        raise NotInstalled(
            f"expected Java {OLDEST} or newer ({java()}), found {f'Java {found}' if found else 'none'}: {INSTEAD}"
        )
