"""Kafka's jars: fetched once through Maven into the user's cache, and used only if every sum is the known one.

What is in the cache is whole: it is fetched beside its place, looked at, and then moved there. What was damaged later
is fetched anew. Whoever fetches holds a lock, so what lies beside it was left behind by a kill, and is cleared away.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from compose.kafka.java import INSTEAD, NotInstalled
from compose.processes import run
from eventstore.errors import AgendumError

HERE = Path(__file__).parent
VERSION = "4.4.0"


class JarsRefused(AgendumError):
    """The jars are not the ones that this repository vouches for, or cannot be had."""


def cache() -> Path:
    """Where jars and the class archive are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "agendum" / f"kafka-{VERSION}"


def known_sums() -> dict[str, str]:
    """Jar name -> SHA-256, as written down in jars.tsv."""
    lines = (HERE / "jars.tsv").read_text().splitlines()
    columns = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {name: digest for name, _, digest, _ in columns}


def jars() -> Path:
    """The directory of verified jars; fetches them if need be. Raises JarsRefused, NotInstalled."""
    folder = cache() / "libs"
    try:
        verify(folder)
    except JarsRefused as flaw:
        fetch(folder, flaw)
    return folder


def fetch(folder: Path, flaw: JarsRefused) -> None:
    """Put whole jars where there are none, or where `flaw` was found."""
    if shutil.which("mvn") is None:
        damaged = f"{flaw}; " if folder.exists() else ""
        raise NotInstalled(f"{damaged}expected Apache Maven (mvn) on the PATH, which fetches Kafka's jars: {INSTEAD}")
    with _alone(folder.parent):
        try:
            return verify(folder)  # another process was faster
        except JarsRefused:
            pass
        for left in folder.parent.glob(f"{folder.name}-*"):
            shutil.rmtree(left)
        fresh = folder.with_name(f"{folder.name}-{os.getpid()}")
        try:
            _copy(fresh)
            verify(fresh)
            if folder.exists():
                folder.rename(folder.with_name(f"{folder.name}-damaged"))
            fresh.rename(folder)
        finally:
            for left in folder.parent.glob(f"{folder.name}-*"):
                shutil.rmtree(left)


def verify(folder: Path) -> None:
    """Refuse a jar that is missing, unknown or other than it should be, by name."""
    sums = known_sums()
    found = {path.name: path for path in folder.glob("*.jar")}
    for name in sums.keys() ^ found.keys():
        state = "it is missing" if name in sums else "it is unknown"
        raise JarsRefused(f"jar {name} in {folder}: {state}; remove the folder and start again")
    for name, path in found.items():
        digest = sha256(path.read_bytes()).hexdigest()
        if digest != sums[name]:
            raise JarsRefused(f"jar {name}: expected SHA-256 {sums[name]}, found {digest}; remove {path}")


def _copy(fresh: Path) -> None:
    """Let Maven copy the jars into a new folder."""
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    done = run([*command, f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"])
    if done.returncode:
        raise JarsRefused(f"expected Maven to fetch Kafka's jars: {done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """No other process of this user fetches meanwhile; the lock goes with its process."""
    place.mkdir(parents=True, exist_ok=True)
    handle = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
