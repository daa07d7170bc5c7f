"""Each worker tails the catalogue whole, with a consumer of its own (design 4.6).

It begins behind the local snapshot (`file`), or at the topic's beginning where there is none.
Reads and decisions that say "there is none" first wait for the end of the topic: `current`.

Decision (beside design 4.6, by which a question is shared for 5 ms): the more shared the last question, the longer the
next one waits for company, as long as this worker has something else to do. Who shares a question goes on together,
into one batch of the log and one round of answers, and that is what a submission saves. But to wait while nothing else
is to be done saves nobody's time: 32 clients that all waited for the same question left a core idle for a sixth of the
time, and got a tenth fewer answers than those of whom some are answered while others are asked for.
"""

import asyncio
from time import monotonic

from eventstore.errors import Unavailable
from eventstore.log import EventLog
from projections.catalogue.catalogue import Catalogue
from projections.table.feed import IDLE_SECONDS, RETRY_SECONDS, Source
from projections.table.ownership import boottime

#: Under load the end of the topic is asked for again after so long for each who shared the last question, and after
#: SHARED_SECONDS at the latest; who comes meanwhile shares the answer (s).
EACH_SECONDS, SHARED_SECONDS = 0.0005, 0.008
#: A turn of the loop that takes longer had something to do (s): to come back takes 1 or 2 us, one request 100.
TURN_SECONDS = 0.00005
#: After so long without such a turn nobody more is waited for (s): a client on this machine that was answered just now
#: would have asked again. It is spent looking, so it is what a question may cost besides.
LULL_SECONDS = 0.00015
#: Without an end by then, counted from the question, reads are marked and decisions refused (s).
END_SECONDS = 0.2


class CatalogueTail:
    """Keeps `catalogue` at the end of its topic."""

    def __init__(self, catalogue: Catalogue, log: EventLog, topic: str, source: Source, end: int) -> None:
        self.catalogue = catalogue
        self._log = log
        self._topic = topic
        self._source = source
        #: the topic's end when this worker began
        self._first_end = end
        #: when an end was asked for that is known
        self._known = boottime()
        self._moved: asyncio.Event = asyncio.Event()
        #: questions that are to be sent, or under way
        self._questions: set[asyncio.Task[None]] = set()
        #: when the end was asked for last (monotonic), how many shared that question, who shares the next
        self._asked = -SHARED_SECONDS
        self._sharing = 0
        self._waiting: list[asyncio.Future[bool]] = []

    async def run(self) -> None:
        """Follow until cancelled; raises TooNew."""
        self._source.follow({0: self.catalogue.next})
        while True:
            try:
                records = (await self._source.batches(IDLE_SECONDS)).get(0, ())
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if records:
                self.catalogue.fold(records)
                moved, self._moved = self._moved, asyncio.Event()
                moved.set()

    @property
    def caught_up(self) -> bool:
        """Whether everything is folded that was in the topic when this worker began."""
        return self.catalogue.next >= self._first_end

    @property
    def age(self) -> float:
        """Seconds since the end was asked for that this worker knows of: nothing older than that is missing here."""
        return boottime() - self._known

    async def catch_up(self) -> None:
        """Wait until it is."""
        await self.reach(self._first_end)

    async def reach(self, offset: int) -> None:
        """Wait until everything before an offset is folded here."""
        while self.catalogue.next < offset:
            await self._moved.wait()

    async def current(self) -> bool:
        """Bring the catalogue to the topic's end as of now; False where that could not be asked in time."""
        # Whoever comes before a question is sent shares its answer, and nobody gets an answer to a question that was
        # sent before he came. A future each: to shield a task costs as much as everything else here.
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(waiter)
        if len(self._waiting) == 1:
            question = loop.create_task(self._ask_soon())
            self._questions.add(question)
            question.add_done_callback(self._questions.discard)
        return await waiter

    async def settle(self) -> None:
        """The same for decisions, which need the end; raises Unavailable."""
        if not await self.current():
            raise Unavailable("expected Kafka to tell the end of the catalogue; ask again")

    async def _ask_soon(self) -> None:
        # Only where the last question was shared are there enough who ask to wait for others.
        pause = min(SHARED_SECONDS, self._sharing * EACH_SECONDS) if self._sharing > 1 else 0.0
        await asyncio.sleep(0)
        await _lull(self._asked + pause)
        self._asked = monotonic()
        sharing, self._waiting = self._waiting, []
        self._sharing, known = len(sharing), False
        try:
            known = await self._ask()
        finally:
            for waiter in sharing:
                if not waiter.done():
                    waiter.set_result(known)

    async def _ask(self) -> bool:
        asked = boottime()
        # The clock is theirs who share it: a time-out for each of them cost more than the question did.
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.reach((await self._log.ends(self._topic))[0])
        except (Unavailable, TimeoutError):
            return False
        self._known = max(self._known, asked)
        return True


async def _lull(latest: float) -> None:
    """Wait until the loop had nothing else to do for a while, or until a moment (monotonic)."""
    quiet = monotonic()
    while (began := monotonic()) < latest:
        await asyncio.sleep(0)
        ended = monotonic()
        if ended - began > TURN_SECONDS:
            quiet = ended
        elif ended - quiet > LULL_SECONDS:
            return
