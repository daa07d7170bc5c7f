"""The command path: a command at the owner of its stream (design 4.1, 4.3). The only caller of deciders.

Lock the stream, decide on its rows as they are, append one record, wait until the own fold gave its verdict on that
event's id, answer from the view. The log is the arbiter: an owner that was deposed without knowing appends in vain. Or
it appends what is still true, and answers nobody before it has proven that it is the owner (design 4.3): another may be
by now, who has not read that yet and would show less than was answered.

Decision (beside design 4.3, by which the append is a task of the stream): it becomes one where its caller leaves. Until
then the caller's own task waits for the verdict; when a time-out or a disconnect ends that, a task of the stream takes
the record over, and the turn with it: it is sent until its verdict is known, and nobody decides on the stream before.
What holds is the same, and a task of its own would cost each of the commands whose callers stay 3.5 us and a turn of
the loop. Where the verdict is "stale" and the caller has left, nothing is decided again: nobody waits for it.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

from msgspec.structs import replace

from eventstore.commands import (
    DispatchAgenda,
    ExpandAgenda,
    RunCommand,
    SaveAgenda,
    SaveOperation,
    SaveProgress,
    SubmitAgenda,
)
from eventstore.envelope import Envelope
from eventstore.errors import Moving, OutcomeUnknown
from eventstore.events import TYPES, ReportSuperseded, RunEvent
from eventstore.ids import derive, partition_of
from eventstore.log import EventLog
from handlers.command_path.appending import Appending, record_of
from handlers.command_path.locks import Locks, Turn
from handlers.deciders.registry import decide
from handlers.deciders.reports import superseded
from projections.partition import Partition
from projections.queries.answers import dispatched
from projections.queries.waiting import progress_view, with_message
from projections.rows import row_name
from projections.run import Run
from projections.verdict import Verdict
from projections.views import Answer

#: How often a command is decided again when another writer's event came first (design 4.3).
ATTEMPTS = 4
#: How often an owner that cannot prove it looks whether it can (s).
PROOF_SECONDS = 0.05


class CommandPath:
    """Decides commands on the runs that this worker owns."""

    def __init__(
        self,
        *,
        owner: Callable[[int], Partition | None],
        partitions: int,
        log: EventLog,
        topic: str,
        source: str,
        now: Callable[[], int],
        observe: Callable[[str, str, float], None] = lambda _, __, ___: None,
    ) -> None:
        self._owner = owner
        self._partitions = partitions
        self._log = log
        self._topic = topic
        self._source = source
        self._now = now
        #: told each command's type, outcome and duration (s)
        self._observe = observe
        self._locks = Locks()

    async def decide(self, command: RunCommand) -> Answer:
        """Carry a command out. Raises Rejected, Moving (nothing happened), OutcomeUnknown.

        The caller may go away: a record that is on its way is seen through, and whoever comes next on its stream waits
        for that.
        """
        begun, outcome = monotonic(), "answered"
        try:
            return await self._locked(command)
        except BaseException as wrong:
            outcome = type(wrong).__name__
            raise
        finally:
            self._observe(type(command).__name__, outcome, monotonic() - begun)

    async def settle(self, seconds: float) -> None:
        """Let what is under way come to its end."""
        await self._locks.settle(seconds)

    async def _locked(self, command: RunCommand) -> Answer:
        number = partition_of(command.stream, self._partitions)
        async with self._locks.hold(command.stream) as turn:
            for _ in range(ATTEMPTS):
                partition = self._owner(number)
                if partition is None:
                    raise Moving(f"partition {number} is between two owners; ask again")
                run = partition.run(command.stream)
                command = replace(command, now=self._now())
                event = decide(command, run)
                if event is None:
                    return _answer(partition, command)
                verdict = await self._append(turn, partition, run, command, event)
                if verdict is Verdict.APPLIED or verdict is Verdict.DUPLICATE:
                    if self._owner(number) is not partition and not await self._proven(partition):
                        raise OutcomeUnknown(f"{command.id} is in the log, but another worker owns it by now")
                    if isinstance(event, ReportSuperseded):
                        raise superseded(event)
                    return _answer(partition, command)
        raise OutcomeUnknown(f"expected to decide {command.id} on a state that lasts, but it changed {ATTEMPTS} times")

    async def _proven(self, partition: Partition) -> bool:
        # Where Kafka was away this waits for the next heartbeat; a process that was paused learns by it that it was
        # deposed.
        while not partition.abandoned:
            if self._owner(partition.number) is partition:
                return True
            await asyncio.sleep(PROOF_SECONDS)
        return False

    async def _append(
        self, turn: Turn, partition: Partition, run: Run, command: RunCommand, event: RunEvent
    ) -> Verdict:
        head = run.head
        # A refusal on record is no command done: asked for again, it is refused again. It has an id of its own, because
        # the command may stand in the log as done: its owner died before it answered, and another attempt has begun.
        done = not isinstance(event, ReportSuperseded)
        identity = command.id if done else derive("", "superseded", command.id)
        envelope = Envelope(
            id=identity,
            type=TYPES[type(event)],
            source=self._source,
            time=command.now,
            version=1 if head is None else head.version + 1,
            prev=None if head is None else head.link,
            customer_id=_customer(run, command),
            correlation=command.correlation,
            request=command.request if done else None,
            inbox=command.inbox if done else None,
        )
        record = record_of(run.stream, envelope, event)
        appending = Appending(self._log, self._topic, partition.number, partition, identity, record)
        try:
            seen = await appending.verdict()
        except asyncio.CancelledError:
            turn.lend(appending.see_through())
            raise
        except BaseException:
            appending.end()
            raise
        appending.end()
        if seen is None:
            raise OutcomeUnknown(f"the partition moved before {command.id} was seen; the same key finds out")
        return seen


def _customer(run: Run, command: RunCommand) -> str | None:
    match command:
        case SubmitAgenda(agenda=said) | SaveProgress(progress=said) | SaveOperation(operation=said):
            if said.customer_id is not None:
                return said.customer_id
        case _:
            pass
    head = run.head
    agendas = [] if head is None else [*head.agendas.values()]
    if agendas:
        return agendas[-1].customer_id
    progress = run.progress()
    return None if progress is None else progress.customer_id


def _answer(partition: Partition, command: RunCommand) -> Answer:
    run = partition.run(command.stream)
    position = {partition.number: partition.position}
    match command:
        case SubmitAgenda(agenda=agenda):
            row = run.agenda(agenda.id or "")
            return Answer(agendas=[] if row is None else [row], position=position)
        case ExpandAgenda(agenda_id=agenda_id):
            row = run.agenda(agenda_id)
            return Answer(agendas=[] if row is None else [row], position=position)
        case DispatchAgenda(agenda_id=agenda_id):
            return replace(dispatched(run, agenda_id), position=position)
        case SaveAgenda(agenda=agenda):
            row = run.agenda(agenda.id or "")
            return Answer(agendas=[] if row is None else [row], position=position)
        case SaveProgress():
            view = progress_view(run)
            return Answer(progresses=[] if view is None else [view], position=position)
        case SaveOperation(operation=said):
            found = run.operation(row_name(run.stream, said.id or ""))
            return Answer(operations=[] if found is None else [with_message(found, run.head)], position=position)
        case _:
            return Answer(position=position)
