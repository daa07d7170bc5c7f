"""Snapshots as `agendum verify` fetches them: whole, or not at all (handlers.routing.snapshots)."""

import aiohttp
import msgspec

from eventstore.errors import AgendumError, Forbidden, Moving, Unavailable
from handlers.routing.hops import CONTENT, ERRORS, SECRET_HEADER, Failure
from handlers.routing.snapshots import OWNERS, SNAPSHOT
from projections.audit.snapshots import Closing, Entry, Opening, Part, Rows

ASK_SECONDS = 10.0
#: A pause this long between two pieces means that the worker is gone (s): well below the patience of `verify`.
SILENCE_SECONDS = 10.0

_encode = msgspec.msgpack.Encoder().encode
_decode_part = msgspec.msgpack.Decoder(Part).decode


class Taken(msgspec.Struct, frozen=True):
    """A whole snapshot, as `verify` holds it."""

    opening: Opening
    #: key -> (source offset, digest)
    rows: dict[bytes, tuple[int, bytes]]
    digest: str


async def owners_of(session: aiohttp.ClientSession, url: str, secret: str) -> dict[int, str]:
    """Partition -> internal address of its owner, as one worker knows it. Raises Forbidden, Unavailable."""
    timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
    address = url.rstrip("/").removesuffix("/pop") + OWNERS.path
    try:
        async with session.post(
            address, data=_encode(None), headers={SECRET_HEADER: secret}, timeout=timeout
        ) as answer:
            text = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as wrong:
        raise Unavailable(f"expected a worker at {url}: {wrong!r}") from None
    if answer.status == 403:
        raise Forbidden("expected the workers' shared secret: set AGENDUM_SECRET as the workers have it")
    if answer.status != 200:
        raise Unavailable(f"expected a worker at {url}, found status {answer.status}")
    try:
        return msgspec.msgpack.decode(text, type=dict[int, str])
    except msgspec.MsgspecError:
        raise Unavailable(f"expected a worker's list of owners at {url}, found {text[:100]!r}: is that one?") from None


async def fetch(session: aiohttp.ClientSession, worker: str, secret: str, number: int, path: str = SNAPSHOT) -> Taken:
    """A snapshot, whole. Raises Moving when its partition moved meanwhile: ask again; NotFound: no standby is there."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=1.0, sock_read=SILENCE_SECONDS)
    headers = {SECRET_HEADER: secret, "Content-Type": CONTENT}
    try:
        async with session.post(worker + path, data=_encode(number), headers=headers, timeout=timeout) as answer:
            if answer.status != 200:
                raise _failure(await answer.read(), answer.status)
            return await _read(answer.content, number)
    except (aiohttp.ClientError, TimeoutError, OSError, EOFError) as wrong:
        raise Moving(f"partition {number}: its worker at {worker} went away ({wrong!r})") from None


async def _read(content: aiohttp.StreamReader, number: int) -> Taken:
    opening = await _part(content)
    rows: dict[bytes, tuple[int, bytes]] = {}
    while isinstance(part := await _part(content), Rows):
        entries: list[Entry] = part.entries
        rows.update((key, (offset, digest)) for key, offset, digest in entries)
    if not isinstance(opening, Opening) or not isinstance(part, Closing) or part.rows != len(rows):
        raise Moving(f"expected a snapshot of partition {number}, found something else; ask again")
    return Taken(opening, rows, part.digest)


async def _part(content: aiohttp.StreamReader) -> Part:
    length = int.from_bytes(await content.readexactly(4), "big")
    found: Part = _decode_part(await content.readexactly(length))
    return found


def _failure(text: bytes, status: int) -> AgendumError:
    try:
        failure = msgspec.msgpack.decode(text, type=Failure)
    except msgspec.MsgspecError:
        return Unavailable(f"expected a snapshot, found status {status}: {text[:100]!r}")
    return ERRORS.get(failure.kind, Unavailable)(failure.message)
