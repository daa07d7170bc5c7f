"""Kafka's jars: fetched once through Maven into the user's cache, and used only if every sum is the known one."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
VERSION = "4.4.0"


class JarsRefused(Exception):
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
    """The directory of verified jars; fetches them if need be. Raises JarsRefused."""
    folder = cache() / "libs"
    if not folder.is_dir():
        fetch(folder)
    verify(folder)
    return folder


def fetch(folder: Path) -> None:
    """Let Maven copy the jars into a folder that did not exist before."""
    for tool, hint in (("mvn", "Apache Maven"), ("java", "Java 17 or newer")):
        if shutil.which(tool) is None:
            raise JarsRefused(
                f"expected {hint} ({tool}) on the PATH, or Docker with its compose plugin: install either, or name a "
                "Kafka that is there (agendum up --kafka HOST:PORT; for tests AGENDUM_TEST_KAFKA)"
            )
    fresh = folder.with_name(f"libs-{os.getpid()}")
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise JarsRefused(f"expected Maven to fetch Kafka's jars: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    try:
        fresh.rename(folder)
    except OSError:
        shutil.rmtree(fresh)  # another process was faster


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
