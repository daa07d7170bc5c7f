"""What a record of a log means: an event of a stream, or something that every reader drops alike (design 4.3). Pure."""

from collections.abc import Collection
from typing import Any, get_args
from zlib import crc32

import msgspec

from eventstore.catalogue_events import CatalogueEvent
from eventstore.codec import decode
from eventstore.envelope import Envelope, link_of
from eventstore.errors import Unreadable
from eventstore.events import Event, RunEvent
from eventstore.log import Landed, Record

#: The key of LogOpened, exempt from the rule that a key belongs to its partition.
OPENED_KEY = b"\0log"


class Read(msgspec.Struct, gc=False):
    """An event, the stream it is for, and the link that the stream's next event must carry."""

    stream: str
    envelope: Envelope
    event: Any
    link: str


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """A record that is no event; `reason` is a label for counting."""

    reason: str


OPENED = Dropped("opened")
NO_KEY = Dropped("no key")
OTHER_KEY = Dropped("key of another partition")
UNREADABLE = Dropped("unreadable")
POISONOUS = Dropped("poisonous")
OTHER_KIND = Dropped("event of another topic")

#: What the topic `agendas` may hold, what `catalogue` may hold, and both.
RUN_EVENTS: frozenset[type[Event]] = frozenset(get_args(RunEvent))
CATALOGUE_EVENTS: frozenset[type[Event]] = frozenset(get_args(CatalogueEvent))
ALL_EVENTS = RUN_EVENTS | CATALOGUE_EVENTS


class Classifier:
    """Classifies the records of one topic.

    `poisonous` names (partition, offset) that every reader shall drop; `kinds` are the events that the topic's fold
    knows: a readable event of another topic, or a LogOpened under the key of a stream, is dropped like noise.
    """

    def __init__(
        self,
        partitions: int,
        poisonous: Collection[tuple[int, int]] = (),
        kinds: frozenset[type[Event]] = ALL_EVENTS,
    ) -> None:
        self._partitions = partitions
        self._poisonous = frozenset(poisonous)
        self._kinds = kinds

    def __call__(self, record: Record) -> Read | Dropped:
        """What a record means; raises TooNew, which nobody may skip."""
        key = record.key
        if key is None:
            return NO_KEY
        if key == OPENED_KEY:
            return OPENED
        if crc32(key) % self._partitions != record.partition:
            return OTHER_KEY
        if self._poisonous and (record.partition, record.offset) in self._poisonous:
            return POISONOUS
        value = record.value
        try:
            envelope, event = (type(record) is Landed and record.said) or decode(record.headers, value)
            stream = key.decode()
        except (Unreadable, UnicodeDecodeError):
            return UNREADABLE
        if type(event) not in self._kinds:
            return OTHER_KIND
        return Read(stream, envelope, event, link_of(key, record.headers, value or b""))
