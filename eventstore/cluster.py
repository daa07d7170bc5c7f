"""A Kafka and its topics, as they are found. Pure."""

from collections.abc import Mapping

import msgspec


class FoundTopic(msgspec.Struct, frozen=True):
    """A topic as it is."""

    partitions: int
    settings: Mapping[str, str]


class Cluster(msgspec.Struct, frozen=True):
    """A Kafka that answers."""

    identity: str
    brokers: list[str]
    #: None while none is elected
    controller: str | None
    #: speaks the protocol of Kafka 4.0 or newer
    modern: bool
    #: of the topics that were asked for, those that are there
    topics: Mapping[str, FoundTopic]
