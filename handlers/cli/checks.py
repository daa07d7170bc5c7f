"""What `agendum doctor` makes of what it found: ok, warn or fail, and what to do next. Pure."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from eventstore.cluster import Cluster
from eventstore.topics import Topic, mismatches

PYTHON = (3, 11)
JAVA = 17
#: Below this the log of a busy day does not fit; below that nothing can be trusted to be written (bytes).
LITTLE = 5 << 30
TOO_LITTLE = 512 << 20


class Level(StrEnum):
    """How well it is. Only `fail` makes the command fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True):
    """One line of the answer."""

    check: str
    level: Level
    found: str
    next: str = ""


class Tools(msgspec.Struct, frozen=True):
    """What is installed; None or False where it is not."""

    #: major version
    java: int | None
    #: version of the engine, if one answers
    docker: str | None
    maven: bool
    #: Kafka's jars are in the cache
    jars: bool


class Disk(msgspec.Struct, frozen=True):
    """The place of a worker's rows."""

    place: str
    free: int
    writable: bool


class Site(msgspec.Struct, frozen=True):
    """What answers at an HTTP address; `listens` but not `agendum` is something else."""

    address: str
    listens: bool
    agendum: bool = False
    ready: bool = False
    reasons: list[str] = []
    owned: list[int] = []
    #: what was seen instead
    seen: str = ""


def python(version: tuple[int, ...]) -> Check:
    """Python is new enough."""
    found = ".".join(map(str, version))
    if version[:2] >= PYTHON:
        return Check("python", Level.OK, found)
    return Check("python", Level.FAIL, f"expected 3.11 or newer, found {found}", "install Python 3.11")


def broker_host(tools: Tools, *, answers: bool) -> Check:
    """Java or Docker: one of them runs a Kafka here. Neither is needed if one answers."""
    found = [
        f"Java {tools.java}" if tools.java else "no Java",
        f"Docker {tools.docker}" if tools.docker else "no Docker",
    ]
    if (tools.java or 0) >= JAVA or tools.docker:
        return Check("java", Level.OK, ", ".join(found))
    then = f"install Java {JAVA} or newer, or Docker, or name a Kafka that is there: --kafka HOST:PORT"
    if answers:
        return Check("java", Level.WARN, f"{', '.join(found)}; a Kafka answers, so neither is needed", then)
    return Check("java", Level.FAIL, f"expected Java {JAVA} or newer or Docker, found {', '.join(found)}", then)


def jars(tools: Tools) -> Check:
    """Maven is needed once, for the local broker's first start."""
    if tools.jars:
        return Check("maven", Level.OK, "not needed: Kafka's jars are in the cache")
    if tools.maven:
        return Check("maven", Level.OK, "found; the local broker's first start fetches Kafka's jars")
    then = "install Apache Maven, or use Docker or a Kafka that is there"
    return Check("maven", Level.WARN, "no Maven, and no jars of Kafka in the cache: no local broker", then)


def disk(disk: Disk) -> Check:
    """There is room for a worker's rows, and it may write there."""
    found = f"{disk.free / (1 << 30):.1f} GiB free at {disk.place}"
    if not disk.writable:
        return Check("disk", Level.FAIL, f"{disk.place} cannot be written", "choose another directory: --data DIR")
    if disk.free < TOO_LITTLE:
        return Check("disk", Level.FAIL, f"expected 512 MiB at least, found {found}", "make room, or: --data DIR")
    if disk.free < LITTLE:
        return Check("disk", Level.WARN, f"{found}, less than 5 GiB", "make room, or: --data DIR")
    return Check("disk", Level.OK, found)


def port(site: Site) -> Check:
    """A worker can listen, or one does."""
    if not site.listens:
        return Check("port", Level.OK, f"{site.address} is free")
    if site.agendum:
        return Check("port", Level.OK, f"an Agendum listens at {site.address}")
    then = "end what listens there, or: agendum work --port N, agendum doctor --port N"
    return Check("port", Level.FAIL, f"{site.address} is taken by something else: {site.seen}", then)


def service(site: Site) -> list[Check]:
    """The service lives, and can do its work."""
    if not site.listens:
        then = "agendum up, or: agendum work; or name the service: --url"
        return [Check("service", Level.WARN, f"nothing answers at {site.address}", then)]
    if not site.agendum:
        then = "name the service: --url"
        return [Check("service", Level.FAIL, f"{site.address} is not an Agendum: {site.seen}", then)]
    alive = Check("service", Level.OK, f"alive at {site.address}")
    if site.ready:
        owned = f"owns {_count(len(site.owned), 'partition')}" if site.owned else "stands by"
        return [alive, Check("ready", Level.OK, f"ready; {owned}")]
    why = "; ".join(site.reasons) or site.seen or "it does not say why"
    then = "wait if it has just started; else mend Kafka, and see the worker's log"
    return [alive, Check("ready", Level.FAIL, f"not ready: {why}", then)]


def kafka(bootstrap: str, cluster: Cluster | str) -> Check:
    """Kafka answers; a text is why it does not."""
    if isinstance(cluster, str):
        then = "start one: agendum up, or python -m compose.kafka; or name it: --kafka HOST:PORT"
        return Check("kafka", Level.FAIL, cluster, then)
    brokers = f"{_count(len(cluster.brokers), 'broker')} ({', '.join(cluster.brokers)})"
    found = f"cluster {cluster.identity} at {bootstrap}, {brokers}, controller {cluster.controller or 'none'}"
    if cluster.controller is None:
        return Check("kafka", Level.FAIL, found, "see the log of Kafka's controllers: none is elected")
    if not cluster.modern:
        return Check("kafka", Level.FAIL, f"expected Kafka 4.0 or newer, found an older {found}", "upgrade Kafka")
    return Check("kafka", Level.OK, f"4.0 or newer, {found}")


def topics(wanted: Iterable[Topic], cluster: Cluster | str) -> list[Check]:
    """Each topic is there, with the settings that the promises rest on; nothing where Kafka does not answer."""
    return [] if isinstance(cluster, str) else [_topic(topic, cluster) for topic in wanted]


def _topic(topic: Topic, cluster: Cluster) -> Check:
    name = f"topic {topic.name}"
    if (found := cluster.topics.get(topic.name)) is None:
        return Check(name, Level.WARN, "not there yet", "the first worker makes it; or name the topics: --prefix")
    if wrong := mismatches(topic, found.partitions, found.settings):
        then = "set it right with kafka-configs, or use a new --prefix; partitions are fixed for ever"
        return Check(name, Level.FAIL, "; ".join(wrong), then)
    return Check(name, Level.OK, f"{_count(found.partitions, 'partition')}, settings as expected")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
