"""Who asks, and what every command has. Pure."""

import msgspec


class Caller(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who asks, as far as a decision may depend on it (spec 3)."""

    subject: str
    #: sees and changes everything (POP's visibility `global`)
    everywhere: bool = False
    accounts: list[str] = []

    def may_touch(self, customer_id: str | None) -> bool:
        """POP's Customer filter: exact, case-sensitive (spec 3.2)."""
        return self.everywhere or customer_id in self.accounts

    @property
    def sees(self) -> list[str] | None:
        """The customers whose objects are looked for on the caller's behalf; None: everyone's."""
        return None if self.everywhere else self.accounts


#: Timers, the scheduler and other parts of the service itself.
SERVICE = Caller(subject="agendum", everywhere=True)


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True, gc=False):
    """Base of all commands."""

    #: becomes the event's id; a repeat with the same id changes nothing
    id: str
    #: the stream that decides: a run's progress id, or "<kind>/<id>" in the catalogue
    stream: str
    caller: Caller = SERVICE
    #: epoch ms, stamped by the owner
    now: int = 0
    #: POP's cid
    correlation: str | None = None
    #: digest of the body, when it came with an Idempotency-Key or must not be decided a second time
    request: str | None = None
    #: partition and offset of the inbox record that it came by (design 4.9)
    inbox: tuple[int, int] | None = None
