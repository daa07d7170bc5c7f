"""Who asks, by JSON Web Tokens of real keys: what is accepted, and every way to be refused."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK

from eventstore.commands import Caller
from handlers.access.identity import Refused
from handlers.access.keys import keys_in
from handlers.access.tokens import Claims, JwtIdentity
from handlers.clock import now
from tests.issuer import ALGORITHMS, AUDIENCE, NAME, Key, key_set

RSA, EC, ED = Key("r", "RS256"), Key("e", "ES256"), Key("d", "EdDSA")
STRANGER = Key("e")
#: When this module was read: maybe long before its tests run, so what is to come is far from here.
NOW = now() // 1000
FAR = NOW + 10 * 365 * 86_400


class Known:
    """A key set that does not change."""

    def __init__(self, *entries: Any, algorithms: list[str] = ALGORITHMS) -> None:
        self._keys = keys_in(key_set(*entries), algorithms)

    def key(self, identity: str | None) -> PyJWK | Refused:
        return self._keys.get(identity, Refused.UNKNOWN_KEY)

    async def renew(self) -> bool:
        return False


def identity(*, algorithms: list[str] = ALGORITHMS, **more: Any) -> JwtIdentity:
    said = {"issuer": NAME, "audience": AUDIENCE, "skew": 5.0, "accounts": "accounts", "super_user": "root", **more}
    keys = Known(*(key.public() for key in (RSA, EC, ED)))
    return JwtIdentity(keys, Claims(algorithms=algorithms, **said))


def asked(token: str, **more: Any) -> Caller | Refused:
    return identity(**more).of(f"Bearer {token}")


def encoded(*parts: Any) -> str:
    texts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts)
    return ".".join(base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in texts)


@pytest.mark.parametrize("key", [RSA, EC, ED], ids=ALGORITHMS)
def test_a_good_token_of_each_algorithm_says_who_asks(key: Key) -> None:
    token = key.token(sub="ann", accounts=["alice", "account/Bob"])
    assert asked(token) == Caller(subject="ann", accounts=["alice", "account/Bob"])


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  ", "", " "])
def test_the_token_stands_behind_bearer_or_alone(scheme: str) -> None:
    assert identity().of(scheme + EC.token()) == Caller(subject="ann")


@pytest.mark.parametrize(
    ("accounts", "found"),
    [
        (None, []),
        ([], []),
        ("", []),
        ("alice|bob|", ["alice", "bob"]),
        (["a|b", " ", ""], ["a|b"]),
        (7, None),
        ({"alice": 1}, None),
        ([7], None),
    ],
)
def test_accounts_are_a_list_or_a_text_with_bars(accounts: Any, found: list[str] | None) -> None:
    caller = asked(EC.token(accounts=accounts))
    assert caller == (Refused.CLAIMS if found is None else Caller(subject="ann", accounts=found))


@pytest.mark.parametrize(
    ("claims", "everywhere"),
    [
        ({"root": True}, True),
        ({"root": "true"}, True),
        ({"root": "TRUE"}, True),
        ({"accounts": ["*"]}, True),
        ({"accounts": "a|*"}, True),
        ({"root": "yes"}, False),
        ({"root": 1}, False),
        ({"root": ["true"]}, False),
        ({"isSuperUser": True}, False),
        ({"accounts": ["*a"]}, False),
    ],
)
def test_a_super_user_is_one_by_the_claim_that_is_set_alone(claims: dict[str, Any], everywhere: bool) -> None:  # noqa: FBT001
    caller = asked(EC.token(**claims))
    assert isinstance(caller, Caller)
    assert caller.everywhere is everywhere


def test_the_names_of_claims_are_settings() -> None:
    claims: dict[str, Any] = {"https://x/y": ["alice"], "admin": False, "accounts": ["bob"]}
    token = EC.token(**claims)
    assert asked(token, accounts="https://x/y", super_user="admin") == Caller(subject="ann", accounts=["alice"])


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": NOW - 60}, Refused.EXPIRED),
        ({"exp": None}, Refused.CLAIMS),
        ({"exp": "soon"}, Refused.MALFORMED),
        ({"nbf": FAR}, Refused.NOT_YET),
        ({"iat": FAR}, Refused.NOT_YET),
        ({"iss": "https://other.test"}, Refused.ISSUER),
        ({"iss": NAME + "/"}, Refused.ISSUER),
        ({"iss": None}, Refused.CLAIMS),
        ({"aud": "another"}, Refused.AUDIENCE),
        ({"aud": ["another", "third"]}, Refused.AUDIENCE),
        ({"aud": None}, Refused.CLAIMS),
        ({"sub": None}, Refused.CLAIMS),
        ({"sub": ""}, Refused.CLAIMS),
        ({"sub": ":inbox"}, Refused.CLAIMS),
        ({"sub": "a\x1fb"}, Refused.CLAIMS),
        ({"sub": "a" * 256}, Refused.CLAIMS),
    ],
)
def test_each_claim_is_held_to(claims: dict[str, Any], why: Refused) -> None:
    assert asked(EC.token(**claims)) is why


def test_clocks_may_differ_by_the_skew() -> None:
    at = now() // 1000  # not NOW: this module may have been read long ago
    late, early = EC.token(exp=at - 100), EC.token(nbf=at + 100)
    assert (asked(late), asked(early)) == (Refused.EXPIRED, Refused.NOT_YET)
    assert isinstance(asked(late, skew=200.0), Caller)
    assert isinstance(asked(early, skew=200.0), Caller)


def test_one_of_several_audiences_is_enough() -> None:
    assert isinstance(asked(EC.token(aud=["x", AUDIENCE])), Caller)


class TestForgery:
    """Nobody's token but the issuer's."""

    def test_another_key_of_the_same_name_signs_nothing(self) -> None:
        assert asked(STRANGER.token()) is Refused.SIGNATURE

    def test_a_changed_claim_breaks_the_signature(self) -> None:
        head, _, signature = EC.token().split(".")
        body = encoded({"iss": NAME, "aud": AUDIENCE, "sub": "root", "exp": FAR, "root": True})
        assert asked(f"{head}.{body}.{signature}") is Refused.SIGNATURE

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "HS512", "PS256", "RS512", None, 7])
    def test_no_other_algorithm_is_taken(self, algorithm: Any) -> None:
        body = {"iss": NAME, "aud": AUDIENCE, "sub": "ann", "exp": FAR}
        token = encoded({"alg": algorithm, "kid": "e"}, body) + "."
        assert asked(token) in (Refused.ALGORITHM, Refused.MALFORMED)

    @pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
    def test_a_public_key_is_no_secret(self, form: PublicFormat) -> None:
        secret = RSA.private.public_key().public_bytes(Encoding.PEM, form)
        body = {"iss": NAME, "aud": AUDIENCE, "sub": "ann", "exp": FAR}
        signed = encoded({"alg": "HS256", "kid": "r"}, body)
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        assert asked(f"{signed}.{encoded(mac)}") is Refused.ALGORITHM

    def test_the_algorithm_is_the_keys_own(self) -> None:
        assert asked(EC.token({"kid": "r"})) is Refused.ALGORITHM
        assert asked(EC.token({"kid": "d"})) is Refused.ALGORITHM

    def test_an_algorithm_that_is_not_set_is_refused_whatever_keys_there_are(self) -> None:
        assert asked(RSA.token(), algorithms=["ES256"]) is Refused.ALGORITHM
        assert isinstance(asked(EC.token(), algorithms=["ES256"]), Caller)

    def test_keys_that_a_token_brings_along_are_not_looked_at(self) -> None:
        own = {"jwk": STRANGER.public(), "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"}
        assert asked(STRANGER.token(own)) is Refused.SIGNATURE
        assert asked(STRANGER.token({**own, "kid": "own"})) is Refused.UNKNOWN_KEY

    def test_a_critical_header_that_is_not_known_is_refused(self) -> None:
        assert asked(EC.token({"crit": ["x"], "x": 1})) is Refused.MALFORMED


@pytest.mark.parametrize(
    "authorization",
    [
        "dummy-value",
        "Bearer",
        "Bearer a.b.c",
        "Basic YTpi",
        "Bearer ..",
        "Bearer \udcff\udcfe",
        "Bearer €",
        "Bearer " + "a" * (17 << 10),
        "Bearer " + encoded([], {}) + ".",
        "Bearer " + encoded({"alg": "ES256", "kid": ["e"]}, {}) + ".",
        "Bearer " + encoded(b"\xff", b"\xff", b""),
        "Bearer " + "[" * 5000,
        "Token " + EC.token(),
    ],
)
def test_what_is_no_token_is_refused(authorization: str) -> None:
    assert identity().of(authorization) in (Refused.MALFORMED, Refused.UNKNOWN_KEY)


@pytest.mark.parametrize("authorization", [None, ""])
def test_without_authorization_nobody_asks(authorization: str | None) -> None:
    assert identity().of(authorization) is Refused.ABSENT


def test_a_body_that_is_no_claims_is_refused() -> None:
    for body in (b"[]", b"7", b"null", b"\xff", b"{"):
        token = jwt.api_jws.encode(body, EC.private, "ES256", {"kid": "e"})
        assert asked(token) in (Refused.MALFORMED, Refused.CLAIMS)
