"""Who asks (spec 3.1): one interface, and POP's sample authorizer. Tokens are in handlers.access.tokens. Pure."""

from enum import StrEnum
from functools import lru_cache
from typing import Protocol

import msgspec

from eventstore.commands import Caller


class Refused(StrEnum):
    """Why nobody asks: a label for logs and metrics, the same for every caller and never part of a token."""

    ABSENT = "absent"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    #: the token names a key that is not in the key set
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    CLAIMS = "claims"
    #: no key set was ever read: nothing can be said of any token, so it is no 401 but a 503
    NO_KEYS = "no_keys"


class Identity(Protocol):
    """Turns the Authorization header into a caller."""

    def of(self, authorization: str | None) -> Caller | Refused:
        """The caller, or why there is none: HTTP 401."""

    async def renew(self) -> bool:
        """Look for keys that are not known yet; True if it is worth asking again."""


class SampleAuthorizer(msgspec.Struct, frozen=True):
    """POP's sample: any token will do, and the identity comes from settings. For loopback and development."""

    user: str = "agendum"
    #: accounts, `|` between them; if they begin with `*` or one is `*`: everything
    accounts: str = "*"

    def of(self, authorization: str | None) -> Caller | Refused:
        """See Identity."""
        return _sample(self.user, self.accounts) if authorization else Refused.ABSENT

    async def renew(self) -> bool:
        """There are no keys."""
        return False


@lru_cache(maxsize=8)
def _sample(user: str, said: str) -> Caller:
    accounts = [name for name in said.split("|") if name]
    if said.startswith("*") or "*" in accounts:
        return Caller(subject=user, everywhere=True)
    return Caller(subject=user, accounts=accounts)
