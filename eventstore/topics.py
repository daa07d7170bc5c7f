"""The topics of one installation, and the settings that its promises rest on (design 4.9). Pure."""

from collections.abc import Mapping

import msgspec

#: Events and rows are at most 2 MiB; topics, producers and fetches have room to spare (design 4.9), in bytes.
MESSAGE_BYTES = 8 << 20
HOUR = 3_600_000
WEEK = 7 * 24 * HOUR

_COMMON = {"max.message.bytes": str(MESSAGE_BYTES), "message.timestamp.type": "LogAppendTime"}
#: Kept for ever, in the order and at the times that the broker gave.
_EVENTS = {**_COMMON, "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_WEEK = {**_COMMON, "cleanup.policy": "delete", "retention.ms": str(WEEK)}
#: The lag keeps both records of an inverted key until its owner has sent the newer one again (design 4.4).
_CHANGELOG = {
    "max.message.bytes": str(MESSAGE_BYTES),
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(HOUR),
    "segment.ms": str(HOUR),
    "segment.bytes": str(64 << 20),
    "min.cleanable.dirty.ratio": "0.1",
}


class Topic(msgspec.Struct, frozen=True):
    """One topic as it must be."""

    name: str
    partitions: int
    settings: Mapping[str, str]
    #: begins with LogOpened at offset 0 of each partition, and is never cut
    is_log: bool = False


class Topics(msgspec.Struct, frozen=True):
    """The topics under a prefix; `partitions` is fixed for ever when they are created (design 4.5)."""

    prefix: str
    partitions: int = 12
    #: for tests: settings of the changelog that make a compaction come at once
    changelog_settings: Mapping[str, str] = {}

    @property
    def agendas(self) -> Topic:
        """Events of all runs."""
        return Topic(f"{self.prefix}-agendas", self.partitions, _EVENTS, is_log=True)

    @property
    def catalogue(self) -> Topic:
        """Events of customers, pools and Insights."""
        return Topic(f"{self.prefix}-catalogue", 1, _EVENTS, is_log=True)

    @property
    def inbox(self) -> Topic:
        """Commands that come by topic instead of HTTP."""
        return Topic(f"{self.prefix}-inbox", self.partitions, _WEEK)

    @property
    def rejections(self) -> Topic:
        """What of the inbox was refused, and why."""
        return Topic(f"{self.prefix}-rejections", 1, _WEEK)

    @property
    def changelog(self) -> Topic:
        """Rows of the table `views`; the name is the one that Faust gives it."""
        settings = {**_CHANGELOG, **self.changelog_settings}
        return Topic(f"{self.prefix}-views-changelog", self.partitions, settings)

    def all(self) -> list[Topic]:
        """Every topic, in the order in which they are created."""
        return [self.agendas, self.catalogue, self.inbox, self.rejections, self.changelog]


def mismatches(topic: Topic, partitions: int, settings: Mapping[str, str]) -> list[str]:
    """How a topic differs from what it must be, in words; empty when it does not."""
    wrong = []
    if partitions != topic.partitions:
        wrong.append(f"expected {topic.partitions} partitions, found {partitions}")
    for name, value in topic.settings.items():
        if (found := settings.get(name)) != value:
            wrong.append(f"expected {name}={value}, found {found}")
    return wrong
