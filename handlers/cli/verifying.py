"""One partition of `agendum verify`: snapshots of owner and standbys against the replay of the log to there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import aiohttp
import msgspec

from eventstore.codec import decode
from eventstore.errors import ForeignLog, Moving, NotFound, Unavailable
from eventstore.events import LogOpened
from eventstore.log import EventLog
from handlers.cli.exits import Exit, Stop
from handlers.cli.fetching import Taken, fetch, owners_of
from handlers.cli.replaying import Subject
from handlers.routing.hops import Hops
from handlers.routing.snapshots import ROWS, SNAPSHOT, STANDBY, RowsQuestion
from projections.audit.replayed import fold_to
from projections.audit.verification import Difference, Field, differences, digest_of, fields
from projections.partition import Partition
from projections.rows import FOLD_VERSION
from projections.table.digest import row_digest

T = TypeVar("T")

HOP_SECONDS = 10.0
RETRY_SECONDS = 0.5
#: So many differing rows are shown field by field.
SHOWN = 1000
ROWS_AT_ONCE = 100


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """One row that differs, with its fields; `note` where they cannot be told."""

    row: Difference
    fields: list[Field]
    note: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one partition in the hands of one worker."""

    partition: int
    #: its internal address
    worker: str
    standby: bool
    position: int
    rows: int
    digest: str
    expected_digest: str
    #: the sum that the worker keeps on its disk, and what the replay makes of it at the same offset
    applied_offset: int | None = None
    applied_digest: str | None = None
    expected_applied_digest: str | None = None
    wrong: list[Wrong]
    #: rows that differ in all; more than are shown
    count: int

    @property
    def equal(self) -> bool:
        """Worker and log agree, in every row and in the sums."""
        return (
            not self.count
            and self.digest == self.expected_digest
            and self.applied_digest == self.expected_applied_digest
        )


class Verifier:
    """Asks owners and replays; a partition that moves is asked for again, for `patience` seconds."""

    def __init__(
        self,
        *,
        log: EventLog,
        subject: Subject,
        session: aiohttp.ClientSession,
        url: str,
        secret: str,
        patience: float,
    ) -> None:
        self._log = log
        self._subject = subject
        self._session = session
        self._url = url
        self._secret = secret
        self._patience = patience

    async def verify(self, number: int) -> Result:
        """Compare what the owner serves. Raises Unavailable if nobody proves to own it, LogError if logs differ."""

        async def compare(owners: Mapping[int, str]) -> Result:
            if number not in owners:
                raise Moving(f"partition {number} is between two owners")
            return await self._compare(owners[number], number, SNAPSHOT)

        return await self._insist(compare)

    async def standbys(self, number: int) -> list[Result]:
        """Compare what other workers keep warm, of those that own anything. Raises as `verify` does."""

        async def compare(owners: Mapping[int, str]) -> list[Result]:
            found = []
            for worker in sorted({*owners.values()} - {owners.get(number)} - {None}):
                with suppress(NotFound):
                    found.append(await self._compare(worker, number, STANDBY))
            return found

        return await self._insist(compare)

    async def _insist(self, compare: Callable[[Mapping[int, str]], Awaitable[T]]) -> T:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._patience
        while True:
            owners = await owners_of(self._session, self._url, self._secret)
            try:
                return await compare(owners)
            except Unavailable:
                if clock() > deadline:
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    async def _compare(self, worker: str, number: int, path: str) -> Result:
        taken = await fetch(self._session, worker, self._secret, number, path)
        await self._same_log(taken)
        applied = taken.opening.applied
        sums: list[str] = []
        replayed = await fold_to(
            self._log,
            self._subject.name,
            number,
            taken.opening.position + 1,
            self._subject.classifier,
            stops=[] if applied is None else [applied.offset + 1],
            watch=lambda partition: sums.append(digest_of(partition)),
        )
        wrong = differences(replayed, taken.rows)
        return Result(
            partition=number,
            worker=worker,
            standby=path == STANDBY,
            position=taken.opening.position,
            rows=len(taken.rows),
            digest=taken.digest,
            expected_digest=digest_of(replayed),
            applied_offset=None if applied is None else applied.offset,
            applied_digest=None if applied is None else applied.digest,
            expected_applied_digest=sums[0] if sums else None,
            wrong=await self._told(worker, path == STANDBY, taken, replayed, wrong[:SHOWN]),
            count=len(wrong),
        )

    async def _same_log(self, taken: Taken) -> None:
        opening = taken.opening
        if opening.fold != FOLD_VERSION:
            what = f"the worker folds to rows of version {opening.fold}, this release to {FOLD_VERSION}"
            raise Stop(
                Exit.REFUSED, what, "rows of two versions cannot be compared", "verify with the worker's release"
            )
        async for records in self._log.read(self._subject.name, opening.partition, 0, 1):
            _, event = decode(records[0].headers, records[0].value)
            here = event.log_id if isinstance(event, LogOpened) else None
            if opening.applied is not None and opening.applied.log_id != here:
                raise ForeignLog(
                    f"expected {self._subject.name}/{opening.partition} to be log {opening.applied.log_id}, which the "
                    f"worker's rows are of, found {here}: give the workers' --kafka and --prefix"
                )

    async def _told(
        self, worker: str, standby: bool, taken: Taken, replayed: Partition, wrong: Sequence[Difference]
    ) -> list[Wrong]:
        hops = Hops(self._session, self._secret)
        told: list[Wrong] = []
        for start in range(0, len(wrong), ROWS_AT_ONCE):
            some = wrong[start : start + ROWS_AT_ONCE]
            question = RowsQuestion(taken.opening.partition, [row.key for row in some], standby)
            values: Any = await hops.ask(worker, ROWS, question, HOP_SECONDS)
            told += [_told(row, taken, value, replayed.get(row.key)) for row, value in zip(some, values, strict=True)]
        return told


def _told(row: Difference, taken: Taken, found: bytes | None, expected: bytes | None) -> Wrong:
    if row.what != "different":
        return Wrong(row=row, fields=[])
    if found is None or row_digest(row.key, found).to_bytes(16, "big") != taken.rows[row.key][1]:
        return Wrong(row=row, fields=[], note="changed again since: verify once more for its fields")
    return Wrong(row=row, fields=fields(found, expected))
