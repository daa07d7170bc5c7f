"""The key set (JWKS, RFC 7517) that tokens are verified with: from a file or a URL, looked at in the background.

Rotation: the set is read again every now and then, and when a token names a key that is not in it, but never more often
than the pause between two looks allows. While its source is away or says nonsense, the keys that are known stay; a key
that a whole, fresh set no longer has is gone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK

from eventstore.errors import AgendumError
from handlers.access.identity import Refused

logger = logging.getLogger(__name__)

#: Of a set this much is read (bytes), and so many keys are kept.
SET_BYTES, MOST_KEYS = 256 << 10, 100
RSA_BITS = 2048
FETCH_SECONDS = 5.0
#: A request whose token names an unknown key waits for the look that it causes, for so long (s).
WAIT_SECONDS = 2.0

Fetch = Callable[[], Awaitable[bytes]]


class NoKeySet(AgendumError):
    """What was read is no key set with a key that can be used."""


class Keys:
    """See handlers.access.tokens.KeySource. `run` until cancelled; `clock` in seconds."""

    def __init__(
        self,
        fetch: Fetch,
        algorithms: Collection[str],
        *,
        clock: Callable[[], float],
        pause: float,
        every: float,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._fetch = fetch
        self._algorithms = algorithms
        self._clock = clock
        self._pause = pause
        self._every = every
        #: told how each look ended
        self._told = told
        self._keys: dict[str | None, PyJWK] = {}
        self._read = False
        self._next = clock()
        self._look: asyncio.Task[None] | None = None

    def key(self, identity: str | None) -> PyJWK | Refused:
        """See KeySource."""
        if not self._read:
            return Refused.NO_KEYS
        if identity is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        found = self._keys.get(identity) if isinstance(identity, str) else None
        return Refused.UNKNOWN_KEY if found is None else found

    async def renew(self) -> bool:
        """Look once more, if the pause since the last look is over; who comes meanwhile shares it."""
        if self._look is None:
            if self._clock() < self._next:
                return False
            self._look = asyncio.create_task(self._read_again())
        done, _ = await asyncio.wait([self._look], timeout=WAIT_SECONDS)
        return bool(done)

    async def run(self) -> None:
        """Look every now and then."""
        while True:
            await self.renew()
            await asyncio.sleep(self._every if self._read else self._pause)

    async def _read_again(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self._keys = keys_in(await self._fetch(), self._algorithms)
            self._read = True
            self._told("read")
        except (NoKeySet, aiohttp.ClientError, OSError, TimeoutError) as wrong:
            self._told("failed")
            extra = {"action": "keys", "reason": f"{type(wrong).__name__}: {wrong}", "kept": len(self._keys)}
            logger.warning("the key set could not be read", extra=extra)
        finally:
            self._next = self._clock() + self._pause
            self._look = None


def keys_in(text: bytes, algorithms: Collection[str]) -> dict[str | None, PyJWK]:
    """The keys of a set that can verify, by their ids; raises NoKeySet if there are none."""
    try:
        listed = msgspec.json.decode(text)["keys"][:MOST_KEYS]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LookupError, TypeError):
        raise NoKeySet('expected a JSON Web Key Set: {"keys": [...]}') from None
    found = {key.key_id: key for entry in listed if (key := _key(entry, algorithms)) is not None}
    if not found:
        raise NoKeySet(f"expected a public key for one of {', '.join(algorithms)} in the key set")
    return found


def _key(entry: Any, algorithms: Collection[str]) -> PyJWK | None:
    """A key of a set; None for what is no public signature key of ours: a set may hold others' as well."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "d" in entry or entry.get("kty") == "oct":
        return None
    identity = entry.get("kid")
    try:
        key = PyJWK(entry)
    except Exception:  # noqa: BLE001  # whatever stands there: one entry that is none spoils no others
        return None
    if key.algorithm_name not in algorithms or not (identity is None or isinstance(identity, str)):
        return None
    weak = isinstance(key.key, RSAPublicKey) and key.key.key_size < RSA_BITS
    return None if weak else key


def from_file(path: Path) -> Fetch:
    """Reads a file; a mounted secret that is replaced is seen at the next look."""

    async def fetch() -> bytes:
        return await asyncio.to_thread(_start_of, path)

    return fetch


def from_url(session: aiohttp.ClientSession, url: str) -> Fetch:
    """Asks a URL; follows no redirect, which could lead anywhere."""

    async def fetch() -> bytes:
        async with session.get(url, allow_redirects=False, headers={"Accept": "application/json"}) as answer:
            if answer.status != 200:
                raise NoKeySet(f"expected status 200, found {answer.status}")
            text = b""
            async for piece in answer.content.iter_chunked(1 << 16):
                text += piece
                if len(text) > SET_BYTES:
                    raise NoKeySet(f"expected a key set of at most {SET_BYTES} bytes, found more")
            return text

    return fetch


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SET_BYTES)
