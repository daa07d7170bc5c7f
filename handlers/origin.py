"""Where a command comes from: whoever asks, over HTTP or by topic, is told apart here alone (design 4.5, 4.9). Pure."""

from collections.abc import Callable

from eventstore.commands import Caller


class Origin:
    """Where a request comes from: who, its correlation, its key, and the ids that follow from it."""

    def __init__(
        self,
        caller: Caller,
        *,
        identity: Callable[[str, int], str],
        correlation: str | None = None,
        request: str | None = None,
        inbox: tuple[int, int] | None = None,
    ) -> None:
        self.caller = caller
        #: identity(part, n): with an Idempotency-Key always the same, without one always another
        self.identity = identity
        self.correlation = correlation
        #: digest of the body, if it came with a key
        self.request = request
        #: partition and offset of the inbox record, if it came by topic
        self.inbox = inbox
