"""What doctor makes of what it found: the level, what was found, and what to do next."""

import pytest

from compose.kafka import java
from eventstore.cluster import Cluster, FoundTopic
from eventstore.topics import Topic, Topics
from handlers.cli import checks
from handlers.cli.checks import Check, Disk, Level, Site, Tools

GIB = 1 << 30
NOTHING = Tools(java=None, docker=None, maven=False, jars=False)
HERE = "http://127.0.0.1:8080"


def cluster(*topics: Topic, controller: str | None = "h:1", modern: bool = True) -> Cluster:
    found = {topic.name: FoundTopic(topic.partitions, dict(topic.settings)) for topic in topics}
    return Cluster("id-1", ["h:1", "h:2"], controller, modern, found)


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 9), Level.FAIL), ((3, 11, 0), Level.OK), ((3, 14, 1), Level.OK), ((4, 0, 0), Level.OK)],
)
def test_python_is_3_11_or_newer(version: tuple[int, ...], level: Level) -> None:
    assert checks.python(version).level is level


@pytest.mark.parametrize(
    ("java", "docker", "answers", "level"),
    [
        (17, None, False, Level.OK),
        (21, None, False, Level.OK),
        (11, None, False, Level.FAIL),
        (11, "28.2", False, Level.OK),
        (None, "28.2", False, Level.OK),
        (None, None, False, Level.FAIL),
        (None, None, True, Level.WARN),
    ],
)
def test_java_or_docker_is_needed_unless_a_kafka_answers(
    java: int | None, docker: str | None, answers: bool, level: Level
) -> None:
    found = checks.broker_host(Tools(java, docker, maven=True, jars=True), answers=answers)
    assert found.level is level
    assert bool(found.next) == (level is not Level.OK)


def test_maven_is_needed_only_while_the_jars_are_not_there() -> None:
    assert checks.jars(Tools(17, None, maven=False, jars=True)).level is Level.OK
    assert checks.jars(Tools(17, None, maven=True, jars=False)).level is Level.OK
    assert checks.jars(NOTHING).level is Level.WARN


@pytest.mark.parametrize(
    ("free", "writable", "level"),
    [
        (100 * GIB, True, Level.OK),
        (5 * GIB, True, Level.OK),
        (5 * GIB - 1, True, Level.WARN),
        (GIB // 2 - 1, True, Level.FAIL),
        (100 * GIB, False, Level.FAIL),
    ],
)
def test_a_disk_without_room_or_right_is_said(free: int, writable: bool, level: Level) -> None:
    found = checks.disk(Disk("data", free, writable))
    assert found.level is level
    assert ("--data" in found.next) == (level is not Level.OK)


def test_a_port_is_free_or_an_agendum_s_or_taken() -> None:
    assert checks.port(Site(HERE, listens=False)).found == f"{HERE} is free"
    assert checks.port(Site(HERE, listens=True, agendum=True)).level is Level.OK
    taken = checks.port(Site(HERE, listens=True, seen="its /healthz is not ours"))
    assert taken.level is Level.FAIL
    assert taken.found == f"{HERE} is taken by something else: its /healthz is not ours"


def test_a_service_that_does_not_run_is_no_failure() -> None:
    (only,) = checks.service(Site(HERE, listens=False))
    assert only.level is Level.WARN
    assert "agendum work" in only.next


def test_what_is_not_an_agendum_fails_as_the_service() -> None:
    (only,) = checks.service(Site(HERE, listens=True, seen="its /healthz is not ours"))
    assert only.level is Level.FAIL
    assert "--url" in only.next


def test_a_service_that_is_not_ready_says_all_its_reasons() -> None:
    alive, ready = checks.service(Site(HERE, listens=True, agendum=True, reasons=["moving", "catching up"]))
    assert alive.level is Level.OK
    assert (ready.level, ready.found) == (Level.FAIL, "not ready: moving; catching up")


@pytest.mark.parametrize(
    ("owned", "found"),
    [([0, 1], "ready; owns 2 partitions"), ([7], "ready; owns 1 partition"), ([], "ready; stands by")],
)
def test_a_service_that_is_ready_says_what_it_owns(owned: list[int], found: str) -> None:
    site = Site(HERE, listens=True, agendum=True, ready=True, owned=owned)
    assert [check.found for check in checks.service(site)] == [f"alive at {HERE}", found]


def test_a_kafka_that_answers_is_named_whole() -> None:
    found = checks.kafka("h:1", cluster())
    assert found == Check("kafka", Level.OK, "4.0 or newer, cluster id-1 at h:1, 2 brokers (h:1, h:2), controller h:1")


def test_a_kafka_that_is_away_old_or_headless_fails() -> None:
    away, old, headless = (
        checks.kafka("h:1", found)
        for found in ("h:1 does not answer within 4 s", cluster(modern=False), cluster(controller=None))
    )
    assert (away.level, away.found) == (Level.FAIL, "h:1 does not answer within 4 s")
    assert "agendum up" in away.next
    assert (old.level, old.next) == (Level.FAIL, "upgrade Kafka")
    assert (headless.level, "controller none" in headless.found) == (Level.FAIL, True)


def test_topics_are_not_spoken_of_while_kafka_is_away() -> None:
    assert checks.topics(Topics("p").all(), "away") == []


def test_a_topic_that_is_missing_is_made_later_and_one_that_is_right_is_well() -> None:
    wanted = Topics("p", 3)
    found = checks.topics(wanted.all(), cluster(wanted.agendas))
    assert {check.check: check.level for check in found} == {
        "topic p-agendas": Level.OK,
        "topic p-catalogue": Level.WARN,
        "topic p-inbox": Level.WARN,
        "topic p-rejections": Level.WARN,
        "topic p-views-changelog": Level.WARN,
    }


def test_a_topic_that_is_wrong_says_what_was_expected_and_found() -> None:
    wanted = Topics("p", 3).agendas
    wrong = Topic(wanted.name, 4, {**wanted.settings, "retention.ms": "1000"})
    (only,) = checks.topics([wanted], cluster(wrong))
    assert only.level is Level.FAIL
    assert only.found == "expected 3 partitions, found 4; expected retention.ms=-1, found 1000"
    assert "kafka-configs" in only.next


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("command not found", None),
        ("", None),
    ],
)
def test_the_version_of_java_is_read_from_what_it_says(said: str, version: int | None) -> None:
    assert java.version(said) == version
