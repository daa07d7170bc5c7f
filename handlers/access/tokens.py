"""Callers by JSON Web Token (RFC 7519, 8725). PyJWT verifies; what it may accept is fixed here and in the settings.

| what a token could try | why it fails |
|---|---|
| `alg: none`, or a public key taken for an HMAC secret | only RS256, ES256 and EdDSA can be set, and keys are public |
| a key meant for another algorithm | the token's `alg` must be its key's |
| a key of its own (`jwk`, `jku`, `x5u`) | keys come from the key set alone |
| another service's token | issuer and audience must be the ones that are set |
| a stolen one, for ever | `exp` is required |

Nothing of a token leaves this module but its subject, its accounts and a label: no text of an error, which could quote
it, is passed on.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import jwt
import msgspec
from jwt import PyJWK
from jwt.exceptions import InvalidSubjectError

from eventstore.commands import Caller
from handlers.access.identity import Refused

TOKEN_BYTES = 16 << 10
SUBJECT_LENGTH = 255
#: Special cases before general ones: most of these are subclasses of one another.
_REASONS: tuple[tuple[type[Exception], Refused], ...] = (
    (jwt.ExpiredSignatureError, Refused.EXPIRED),
    (jwt.ImmatureSignatureError, Refused.NOT_YET),
    (jwt.InvalidIssuerError, Refused.ISSUER),
    (jwt.InvalidAudienceError, Refused.AUDIENCE),
    (jwt.InvalidAlgorithmError, Refused.ALGORITHM),
    (jwt.InvalidSignatureError, Refused.SIGNATURE),
    (jwt.MissingRequiredClaimError, Refused.CLAIMS),
    (InvalidSubjectError, Refused.CLAIMS),
)


class KeySource(Protocol):
    """Where keys come from (handlers.access.keys)."""

    def key(self, identity: str | None) -> PyJWK | Refused:
        """The key of this id; the only one there is, if a token names none."""

    async def renew(self) -> bool:
        """See Identity."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token must say, and where it says what its bearer may do."""

    issuer: str
    audience: str
    algorithms: list[str]
    #: seconds that the issuer's clock may differ from ours
    skew: float
    #: claim with the accounts: a list, or a text with | between them
    accounts: str
    #: claim that makes a super user: true, or "true"
    super_user: str


class JwtIdentity:
    """See handlers.access.identity.Identity."""

    def __init__(self, keys: KeySource, claims: Claims) -> None:
        self._keys = keys
        self._claims = claims

    def of(self, authorization: str | None) -> Caller | Refused:
        """See Identity."""
        if not authorization:
            return Refused.ABSENT
        token = _token(authorization)
        if token is None:
            return Refused.MALFORMED
        try:
            key = self._key(token)
            return key if isinstance(key, Refused) else self._caller(self._verified(token, key))
        except Exception as wrong:  # noqa: BLE001  # whatever bytes come: they are refused, and never told
            return next((reason for kind, reason in _REASONS if isinstance(wrong, kind)), Refused.MALFORMED)

    async def renew(self) -> bool:
        """See Identity."""
        return await self._keys.renew()

    def _key(self, token: str) -> PyJWK | Refused:
        header = jwt.get_unverified_header(token)
        algorithm, identity = header.get("alg"), header.get("kid")
        if algorithm not in self._claims.algorithms:
            return Refused.ALGORITHM
        key = self._keys.key(identity)
        if isinstance(key, Refused):
            return key
        return key if key.algorithm_name == algorithm else Refused.ALGORITHM

    def _verified(self, token: str, key: PyJWK) -> Mapping[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=self._claims.issuer,
            audience=self._claims.audience,
            leeway=self._claims.skew,
            options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
        )

    def _caller(self, claims: Mapping[str, Any]) -> Caller | Refused:
        subject, accounts = claims["sub"], _accounts(claims.get(self._claims.accounts))
        # Ids are derived from subjects (design 4.5): nothing in one may be ambiguous, and ":" begins our own.
        fine = subject and subject.isprintable() and len(subject) <= SUBJECT_LENGTH and not subject.startswith(":")
        if not fine or accounts is None:
            return Refused.CLAIMS
        if "*" in accounts or _is_true(claims.get(self._claims.super_user)):
            return Caller(subject=subject, everywhere=True)
        return Caller(subject=subject, accounts=accounts)


def _token(authorization: str) -> str | None:
    """The token behind `Bearer`, or alone: POP's clients send the bare text that they were configured with."""
    scheme, _, token = authorization.strip().partition(" ")
    if not token:
        token = scheme
    elif scheme.lower() != "bearer":
        return None
    token = token.strip()
    return token if token.isascii() and len(token) <= TOKEN_BYTES else None


def _accounts(claim: Any) -> list[str] | None:
    if claim is None:
        return []
    names = claim.split("|") if isinstance(claim, str) else claim
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return [name for name in names if name.strip()]


def _is_true(claim: Any) -> bool:
    return claim is True or (isinstance(claim, str) and claim.lower() == "true")
