"""The scheduler of one queue: level-triggered, late, for all waiting pullers at once (design 4.2).

It runs while someone asks. Its feeds keep a picture of what each owner has ready; when there are callers and entries it
chooses synchronously, marks what it chose, and lets the owners decide concurrently. What waits in a committed buffer
cannot be overtaken: so nothing is chosen before there is someone to give it to.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from eventstore.commands import DispatchAgenda, ReturnDispatch
from eventstore.errors import AgendumError, OutcomeUnknown, Rejected, Unavailable
from handlers.gateway import Pull
from handlers.scheduling.calls import Caller, Owners
from handlers.scheduling.decisions import Decisions
from handlers.scheduling.feeds import POLL_SECONDS, Feeds
from handlers.scheduling.queue import Choice, Queue
from handlers.scheduling.rules import Rule
from projections.views import Answer

logger = logging.getLogger(__name__)

IDLE_SECONDS = 2.0
BACKOFF_SECONDS = 1.0

Box = tuple[Caller, Sequence[Choice]]


class Scheduler:
    """One queue's scheduler."""

    def __init__(
        self,
        name: str,
        *,
        rule: Callable[[], Rule],
        owners: Owners,
        now: Callable[[], int],
        draw: Callable[[], str],
        patience: Callable[[Pull], int],
    ) -> None:
        self.name = name
        self._look_up = rule
        self._owners = owners
        self._draw = draw
        self._decisions = Decisions(name, now=now, draw=draw, patience=patience)
        self._rule = rule()
        self._queue = Queue(self._rule.choose, epoch=now())
        self._queue.follow(self._rule.choose, self._rule.insights)
        self._callers: deque[Caller] = deque()
        self._news = asyncio.Event()
        self._feeds = Feeds(name, owners, self._queue, self._news)
        self._serving: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    async def pull(self, pull: Pull) -> list[Answer]:
        """Agendas for a puller; empty when its wait is over. Cancelled, it lets nothing get lost."""
        caller = Caller(pull)
        self._callers.append(caller)
        self._news.set()
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._run())
        try:
            await asyncio.wait([caller.answer], timeout=pull.wait)
        except asyncio.CancelledError:
            if caller.answer.done() and not caller.answer.cancelled():
                self.give_back(caller.answer.result())
            caller.answer.cancel()
            raise
        if caller.answer.done() and not caller.answer.cancelled():
            return caller.answer.result()
        caller.answer.cancel()
        return []

    def give_back(self, answers: Sequence[Answer]) -> None:
        """Return what was dispatched and cannot be delivered."""
        for answer in answers:
            for agenda in answer.agendas:
                identity = agenda.id or ""
                self._take_back(agenda.progress_id or "", identity, answer.dispatches[identity])

    def _take_back(self, stream: str, agenda_id: str, dispatch_id: str) -> None:
        command = ReturnDispatch(id=self._draw(), stream=stream, agenda_id=agenda_id, dispatch_id=dispatch_id)
        self._owners.take_back(command)

    async def stop(self) -> None:
        """Answer everyone who waits with nothing, and end."""
        for caller in self._callers:
            if not caller.answer.done():
                caller.answer.set_result([])
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop

    async def _run(self) -> None:
        try:
            idle_since: float | None = None
            clock = asyncio.get_running_loop().time
            while idle_since is None or clock() - idle_since < IDLE_SECONDS:
                self._follow_rule()
                self._feeds.follow(self._rule)
                self._serve_all(clock())
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._news.wait()
                if self._callers:
                    idle_since = None
                elif idle_since is None:
                    idle_since = clock()
        finally:
            self._feeds.stop()

    def _follow_rule(self) -> None:
        before, self._rule = self._rule, self._look_up()
        if self._rule.of(self.name) != before.of(self.name):
            self._queue.follow(self._rule.choose, self._rule.insights)
            # Chosen from what is known now, what was paused until now would be overtaken.
            self._feeds.lose_all()

    def _serve_all(self, clock: float) -> None:
        boxes: list[Box] = []
        paused: deque[Caller] = deque()
        while self._callers:
            caller = self._callers.popleft()
            if caller.answer.done():
                continue
            if caller.pull.insight_id not in self._rule.insights:
                paused.append(caller)
                continue
            chosen = self._queue.choose(caller.pull.count, clock)
            if not chosen:
                self._callers.appendleft(caller)
                break
            boxes.append((caller, chosen))
        self._callers.extendleft(reversed(paused))
        if boxes:
            serving = asyncio.create_task(self._serve(boxes, self._rule))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)

    async def _serve(self, boxes: list[Box], rule: Rule) -> None:
        by_owner: dict[str, list[tuple[Choice, DispatchAgenda]]] = {}
        for caller, chosen in boxes:
            for choice in chosen:
                owner = self._owners.of(choice.entry.stream) or ""
                by_owner.setdefault(owner, []).append((choice, self._decisions.command(choice, caller.pull, rule)))
        answers: dict[tuple[str, int], Answer] = {}
        await asyncio.gather(*(self._dispatch(owner, wanted, answers) for owner, wanted in by_owner.items()))
        for caller, chosen in reversed(boxes):
            keys = [(choice.entry.agenda_id, choice.entry.attempt) for choice in chosen]
            self._deliver(caller, [answers[key] for key in keys if key in answers])
        self._news.set()

    def _deliver(self, caller: Caller, found: list[Answer]) -> None:
        if caller.answer.done():
            self.give_back(found)
        elif found:
            caller.answer.set_result(found)
        else:
            self._callers.appendleft(caller)

    async def _dispatch(
        self,
        owner: str,
        wanted: list[tuple[Choice, DispatchAgenda]],
        answers: dict[tuple[str, int], Answer],
    ) -> None:
        outcomes: Sequence[Answer | AgendumError]
        try:
            outcomes = await self._owners.dispatch(owner, [command for _, command in wanted])
        except Unavailable as wrong:
            outcomes = [wrong] * len(wanted)
        except Exception:
            # What other owners have handed out in this very round must get to its pullers all the same.
            logger.exception("an owner's outcomes cannot be read", extra={"action": "schedule"})
            outcomes = [OutcomeUnknown("the owner's outcomes cannot be read")] * len(wanted)
        later = asyncio.get_running_loop().time() + BACKOFF_SECONDS
        for (choice, command), outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, Answer):
                if outcome.agendas:
                    key = (choice.entry.agenda_id, choice.entry.attempt)
                    answers[key] = replace(outcome, dispatches={command.agenda_id: command.dispatch_id})
            elif isinstance(outcome, Rejected):
                self._queue.refused(choice, later)
            else:
                self._queue.put_aside(choice.entry, later)
                if isinstance(outcome, OutcomeUnknown):
                    # It may be in the log: nobody has it, and it would stand still until it expires.
                    self._take_back(command.stream, command.agenda_id, command.dispatch_id)
