"""Snapshots of partitions, as owners and standbys give them to `agendum verify` (design 4.4, 5).

Decision: rows of all customers, so nothing of it is on the public API. Snapshots and rows are hops: they come from the
internal listener, to whoever has the workers' shared secret. The public listener has one guarded path alone,
`/internal/owners`, which tells who has that secret where the internal listeners are; so `verify` runs wherever a worker
could run (it reads Kafka as well), and is given the public address like every other command.

A snapshot is a stream of frames: four bytes of length, then a Part as MessagePack. Without a Closing it was cut short.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
from aiohttp import web

from eventstore.errors import AgendumError, Moving, NotFound
from handlers.process.listener import Handler
from handlers.routing.hops import CONTENT, Failure, Hop, hop_route, is_worker
from projections.audit.snapshots import Snapshot
from projections.partition import Partition
from projections.table.replica import Replica

#: Whoever reads a snapshot keeps the owner's database from being tidied: not for longer than this per piece (s).
STALL_SECONDS = 30.0


class RowsQuestion(msgspec.Struct, frozen=True):
    """Stored rows of a partition, by key."""

    partition: int
    keys: list[bytes]
    #: those of a standby, not of the owner
    standby: bool = False


OWNERS = Hop("/internal/owners", None, dict[int, str])
ROWS = Hop("/rows", RowsQuestion, list[bytes | None])
SNAPSHOT, STANDBY = "/snapshot", "/standby"

_encode = msgspec.msgpack.Encoder().encode


def answered(ask: Callable[[], Any]) -> Callable[[Any], Awaitable[Any]]:
    """A plain question as a hop's answer."""

    async def answer(_: Any) -> Any:
        return ask()

    return answer


async def nobody(_: int) -> Replica | None:
    """The standby that is asked for is not kept here."""
    return None


class Copies:
    """What a worker holds of partitions: as their owner, or as a standby."""

    def __init__(
        self, owner: Callable[[int], Partition | None], standby: Callable[[int], Awaitable[Replica | None]] = nobody
    ) -> None:
        self._owner = owner
        self._standby = standby

    async def of(self, number: int, standby: bool) -> Partition | Replica:
        """One of them. Raises Moving, and NotFound where it has no standby."""
        found = await self._standby(number) if standby else self._owner(number)
        if found is not None:
            return found
        if standby:
            raise NotFound(f"partition {number} has no standby here")
        raise Moving(f"partition {number} is between two owners")

    def holds(self, number: int, standby: bool) -> bool:
        """Whether it is what it was; a standby's store says so itself."""
        return standby or self._owner(number) is not None


def snapshot_routes(secret: str, copies: Copies) -> Iterator[tuple[str, Handler]]:
    """What a worker answers to `verify`, on the internal listener."""

    async def rows(question: RowsQuestion) -> list[bytes | None]:
        held = await copies.of(question.partition, question.standby)
        get = held.get if isinstance(held, Partition) else held.store.get
        return [get(key) for key in question.keys]

    def answer(*, standby: bool) -> Handler:
        async def snapshot(request: web.BaseRequest) -> web.StreamResponse:
            if not is_worker(request, secret):
                return web.Response(status=403, text="expected the workers' shared secret")
            try:
                number = msgspec.msgpack.decode(await request.read(), type=int)
                taken = Snapshot(await copies.of(number, standby))
            except AgendumError as wrong:
                return web.Response(status=422, body=_encode(Failure.of(wrong)), content_type=CONTENT)
            return await _stream(request, taken, lambda: copies.holds(number, standby))

        return snapshot

    yield hop_route(ROWS, secret, rows)
    yield SNAPSHOT, answer(standby=False)
    yield STANDBY, answer(standby=True)


async def _stream(request: web.BaseRequest, taken: Snapshot, holds: Callable[[], bool]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": CONTENT})
    try:
        await response.prepare(request)
        for part in taken.parts():
            frame = _encode(part)
            async with asyncio.timeout(STALL_SECONDS):
                await response.write(len(frame).to_bytes(4, "big") + frame)
            # The fold's turn: a write that fits into the socket's buffer does not wait for anything.
            await asyncio.sleep(0)
            if not holds():
                break
    except (LookupError, TimeoutError):
        pass  # released meanwhile, or nobody reads: without a Closing the asker knows
    finally:
        taken.close()
    return response
