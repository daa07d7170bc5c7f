"""Who asks (spec 3.1). One interface: tokens come later (JWT), POP's sample authorizer is here. Pure."""

from typing import Protocol

import msgspec

from eventstore.commands import Caller


class Identity(Protocol):
    """Turns the Authorization header into a caller."""

    def of(self, authorization: str | None) -> Caller | None:
        """The caller, or None: HTTP 401."""


class SampleAuthorizer(msgspec.Struct, frozen=True):
    """POP's sample: any token will do, and the identity comes from settings. For loopback and development."""

    user: str = "agendum"
    #: accounts, `|` between them; if they begin with `*` or one is `*`: everything
    accounts: str = "*"

    def of(self, authorization: str | None) -> Caller | None:
        """See Identity."""
        if not authorization:
            return None
        accounts = [name for name in self.accounts.split("|") if name]
        if self.accounts.startswith("*") or "*" in accounts:
            return Caller(subject=self.user, everywhere=True)
        return Caller(subject=self.user, accounts=accounts)
