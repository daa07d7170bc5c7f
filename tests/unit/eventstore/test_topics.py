import pytest

from eventstore.topics import Topic, Topics, mismatches

TOPICS = Topics("acme", 3)


def test_names_the_topics_of_a_prefix() -> None:
    assert {topic.name: topic.partitions for topic in TOPICS.all()} == {
        "acme-agendas": 3,
        "acme-catalogue": 1,
        "acme-inbox": 3,
        "acme-rejections": 1,
        "acme-views-changelog": 3,
    }


@pytest.mark.parametrize("topic", [TOPICS.agendas, TOPICS.catalogue], ids=lambda topic: topic.name)
def test_events_are_kept_for_ever_and_never_compacted(topic: Topic) -> None:
    settings = topic.settings

    assert settings["cleanup.policy"] == "delete"
    assert settings["retention.ms"] == settings["retention.bytes"] == "-1"
    assert settings["message.timestamp.type"] == "LogAppendTime"


def test_the_changelog_keeps_both_records_of_a_key_for_an_hour() -> None:
    settings = TOPICS.changelog.settings

    assert settings["cleanup.policy"] == "compact"
    assert settings["min.compaction.lag.ms"] == settings["segment.ms"] == "3600000"
    assert (settings["segment.bytes"], settings["min.cleanable.dirty.ratio"]) == ("67108864", "0.1")


def test_inbox_and_rejections_are_kept_a_week() -> None:
    assert TOPICS.inbox.settings["retention.ms"] == TOPICS.rejections.settings["retention.ms"] == "604800000"


def test_every_topic_takes_eight_mebibytes() -> None:
    assert {topic.settings["max.message.bytes"] for topic in TOPICS.all()} == {"8388608"}


def test_a_topic_as_it_must_be_has_no_mismatches() -> None:
    assert mismatches(TOPICS.inbox, 3, {**TOPICS.inbox.settings, "segment.bytes": "5"}) == []


def test_says_every_mismatch_with_what_was_expected_and_found() -> None:
    found = {**TOPICS.inbox.settings, "retention.ms": "1"}
    del found["cleanup.policy"]

    assert mismatches(TOPICS.inbox, 4, found) == [
        "expected 3 partitions, found 4",
        "expected cleanup.policy=delete, found None",
        "expected retention.ms=604800000, found 1",
    ]
