"""Where a command comes from: whoever asks, over HTTP or by topic, is told apart here alone (design 4.5, 4.9). Pure."""

from collections.abc import Callable
from functools import partial

from eventstore.commands import Caller
from eventstore.ids import draw, partition_of


class Origin:
    """Where a request comes from: who, its correlation, its key, and the ids that follow from it."""

    def __init__(
        self,
        caller: Caller,
        *,
        identity: Callable[[str, int], str],
        near: Callable[[int, int], str] | None = None,
        correlation: str | None = None,
        request: str | None = None,
        inbox: tuple[int, int] | None = None,
    ) -> None:
        self.caller = caller
        #: identity(part, n): with an Idempotency-Key always the same, without one always another
        self.identity = identity
        #: near(partition, partitions): without an Idempotency-Key, an id of chance that falls into a partition
        self.near = near
        self.correlation = correlation
        #: digest of the body, if it came with a key or must not be decided a second time
        self.request = request
        #: partition and offset of the inbox record, if it came by topic
        self.inbox = inbox

    def settled(self, part: str, partition: int, partitions: int) -> str:
        """An id of a part that falls into a partition (design 4.5)."""
        if self.near is not None:
            return self.near(partition, partitions)
        return draw(partial(self.identity, part), lambda one: partition_of(one, partitions) == partition)
