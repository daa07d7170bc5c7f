"""What the local broker needs of a machine: Java, Maven once, whole jars. Programs of their names stand for both."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from compose.kafka import cluster
from compose.kafka.cluster import LocalKafka, archive_classes
from compose.kafka.jars import JarsRefused, cache, jars, known_sums
from compose.kafka.java import NotInstalled
from tests.unit.test_container_kafka import on_the_path

JAVA = "echo 'openjdk version \"17.0.1\"' >&2"
#: Where the jars of this machine are, before a test looks elsewhere.
HERE = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache().parents[1])}
#: The folder that Maven is told to make.
OUT = 'for one in "$@"; do case "$one" in -DoutputDirectory=*) out="${one#*=}";; esac; done; /bin/mkdir -p "$out"'


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is in the cache, and nothing on the PATH."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return cache()


@pytest.fixture
def real() -> Path:
    """The jars of this machine."""
    with pytest.MonkeyPatch.context() as outside:
        for name, value in HERE.items():
            outside.setenv(name, value)
        try:
            return jars()
        except NotInstalled as why:
            pytest.skip(f"Kafka's jars cannot be fetched here: {why}")


def test_all_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        NotInstalled, match=r"expected Java 17 or newer \(java\), found none.*Docker.*--kafka HOST:PORT"
    ):
        LocalKafka(tmp_path).start()
    on_the_path(tmp_path / "bin", monkeypatch, java=JAVA)
    with pytest.raises(NotInstalled, match=r"expected Apache Maven \(mvn\).*--kafka HOST:PORT"):
        LocalKafka(tmp_path).start()
    assert [*tmp_path.rglob("*.jar"), *tmp_path.rglob("node.properties")] == []


def test_java_is_missed_although_the_jars_are_there(real: Path, empty: Path, tmp_path: Path) -> None:
    empty.mkdir(parents=True)
    (empty / "libs").symlink_to(real)

    with pytest.raises(NotInstalled, match=r"expected Java 17 or newer \(java\), found none"):
        LocalKafka(tmp_path).start()


@pytest.mark.parametrize(("said", "found"), [("11.0.2", "Java 11"), ("1.8.0_292", "Java 8"), ("?", "none")])
def test_a_java_that_is_too_old_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, found: str
) -> None:
    on_the_path(tmp_path / "bin", monkeypatch, java=f"echo 'openjdk version \"{said}\"' >&2", mvn="exit 0")

    with pytest.raises(NotInstalled, match=f"expected Java 17 or newer .*, found {found}"):
        LocalKafka(tmp_path).start()


def test_a_home_of_java_that_holds_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_the_path(tmp_path / "bin", monkeypatch, java=JAVA, mvn="exit 0")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))

    with pytest.raises(NotInstalled, match="gone/bin/java"):
        LocalKafka(tmp_path).start()


def test_what_maven_could_not_fetch_is_not_left_behind(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_path(tmp_path / "bin", monkeypatch, mvn=f'{OUT}; echo half >"$out/kafka-clients-4.4.0.jar"; echo no; exit 1')

    with pytest.raises(JarsRefused, match="expected Maven to fetch Kafka's jars: no"):
        jars()

    assert [*empty.glob("libs*")] == []


def test_jars_other_than_the_known_ones_are_refused_before_they_are_kept(
    real: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = sorted(known_sums())[7]
    one_of_them = f'/bin/ln -s {real}/*.jar "$out"; /bin/rm "$out/{name}"; echo other >"$out/{name}"'
    on_the_path(tmp_path / "bin", monkeypatch, mvn=f"{OUT}; {one_of_them}")

    with pytest.raises(JarsRefused, match=f"jar {name}: expected SHA-256 {known_sums()[name]}, found"):
        jars()

    assert [*empty.glob("libs*")] == []


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_jars_that_were_damaged_are_fetched_anew(
    real: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    on_the_path(
        tmp_path / "bin", monkeypatch, mvn=f'{OUT}; /bin/ln -s {real}/*.jar "$out"; echo fetched >{tmp_path}/said'
    )
    folder = jars()
    (tmp_path / "said").unlink()
    victim = folder / min(known_sums())
    victim.unlink()
    if damage == "cut":
        victim.write_bytes(b"PK")

    assert jars() == folder

    assert (tmp_path / "said").exists()
    assert victim.read_bytes() == (real / victim.name).read_bytes()
    assert [path.name for path in empty.iterdir() if path.is_dir()] == ["libs"]
    (tmp_path / "said").unlink()
    jars()
    assert not (tmp_path / "said").exists(), "what is whole is not fetched again"


def test_a_kill_in_the_middle_of_a_fetch_takes_maven_along_and_the_next_fetch_clears_up(
    real: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_path(tmp_path / "bin", monkeypatch, mvn=f"{OUT}; exec /bin/sleep 600")
    code = "from compose.kafka.jars import jars; jars()"
    fetching = subprocess.Popen([sys.executable, "-c", code])
    maven = wait_for_child(fetching.pid, "sleep")
    [half] = empty.glob("libs-*")

    os.kill(fetching.pid, signal.SIGKILL)
    fetching.wait()

    assert psutil.wait_procs([maven], timeout=60)[1] == []
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    on_the_path(tmp_path / "again", monkeypatch, mvn=f'{OUT}; /bin/ln -s {real}/*.jar "$out"')
    jars()
    assert not half.exists()


def wait_for_child(pid: int, name: str) -> psutil.Process:
    """The child of a process as soon as it is a program of this name."""
    parent = psutil.Process(pid)
    while True:
        for child in parent.children():
            with suppress(psutil.NoSuchProcess):  # it was one, and has ended
                if child.name() == name:
                    return child
        assert parent.status() != psutil.STATUS_ZOMBIE, "it ended"


def test_a_class_archive_is_there_whole_or_not_at_all(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "jars", lambda: tmp_path)
    write = 'for one in "$@"; do case "$one" in -XX:ArchiveClassesAtExit=*) echo half >"${one#*=}";; esac; done'
    empty.mkdir(parents=True)

    on_the_path(tmp_path / "dies", monkeypatch, java=f"{write}; kill -9 $$")
    archive_classes()
    assert [*empty.iterdir()] == []

    on_the_path(tmp_path / "ends", monkeypatch, java=write)
    archive_classes()
    assert [path.name for path in empty.iterdir()] == ["classes.jsa"]
