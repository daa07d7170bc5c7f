"""When an executor reports: at once, as a sign of life, and what happens together is said together."""

import asyncio
from collections.abc import Awaitable, Callable

from eventstore.errors import Rejected, Unavailable
from eventstore.model import ProcessingState
from handlers.client.objects import Agenda, AgendaProgress, Operation
from handlers.executor.execution import Execution
from handlers.executor.operations.task import Task

STEPS = 3


class Service:
    """Remembers reports, and which operations it was told of; an answer takes as long as the test says."""

    def __init__(self, *wrong: Exception, answer: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)) -> None:
        self.reports: list[AgendaProgress] = []
        self.told: set[str] = set()
        self._wrong = [*wrong]
        self._answer = answer

    async def send(self, report: AgendaProgress) -> None:
        self.told |= {row.operation or "" for row in report.operation_progress or []}
        await self._answer()
        if self._wrong:
            raise self._wrong.pop(0)
        self.reports.append(report)

    @property
    def said(self) -> list[set[tuple[str, str]]]:
        """Of each report, the operations with their states."""
        return [
            {(row.operation or "", row.processing_state or "") for row in report.operation_progress or []}
            for report in self.reports
        ]


Step = Callable[[Task], Awaitable[None]]


async def at_once(_: Task) -> None:
    """An operation that takes no time."""


async def without_end(_: Task) -> None:
    await asyncio.Event().wait()


def until_told(service: Service, *names: str) -> Step:
    """Operations (these, or all) that end when a report of their start is on its way: not before, on no machine."""

    async def step(one: Task) -> None:
        async with asyncio.timeout(60):
            while one.name not in service.told and one.name in (names or [one.name]):  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.001)

    return step


def chain(step: Step, service: Service, every: float = 60) -> Execution:

    operations = [
        Operation(name=f"o{n}", type="step", params={"dependsOn": f"o{n - 1}"} if n else {}) for n in range(STEPS)
    ]
    return Execution(
        Agenda(id="a1", progress_id="p1", operations=operations),
        None,
        handlers={"step": step},
        slots=asyncio.Semaphore(1),
        send=service.send,
        now=lambda: 1,
        every=every,
    )


async def test_the_end_of_one_operation_and_the_start_of_the_next_are_one_report() -> None:
    service = Service()

    await chain(until_told(service), service).run()

    between = [{(f"o{n}", "COMPLETE"), (f"o{n + 1}", "EXECUTING")} for n in range(STEPS - 1)]
    assert service.said == [{("o0", "EXECUTING")}, *between, {(f"o{STEPS - 1}", "COMPLETE")}]
    assert [report.processing_state for report in service.reports] == ["EXECUTING"] * STEPS + ["COMPLETE"]


async def test_a_run_that_takes_no_time_is_one_report() -> None:
    service = Service()

    await chain(at_once, service).run()

    assert service.said == [{(f"o{n}", "COMPLETE") for n in range(STEPS)}]


async def test_what_happens_while_a_report_is_on_its_way_is_said_by_the_next() -> None:
    answered = asyncio.Event()
    service = Service(answer=answered.wait)
    execution = chain(until_told(service, "o0"), service)
    run = asyncio.create_task(execution.run())
    async with asyncio.timeout(60):
        while not execution.journal.is_over:  # noqa: ASYNC110  # a journal tells its reporter alone
            await asyncio.sleep(0.01)
    answered.set()
    await run

    assert service.said == [{("o0", "EXECUTING")}, {(f"o{n}", "COMPLETE") for n in range(STEPS)}]


async def test_what_could_not_be_said_is_said_when_the_service_is_back() -> None:
    service = Service(Unavailable("away"), Unavailable("away"))

    await chain(at_once, service).run()

    assert {each for said in service.said for each in said} >= {(f"o{n}", "COMPLETE") for n in range(STEPS)}


async def test_a_refusal_ends_the_run() -> None:
    service = Service(Rejected("cancelled"))

    assert str(await chain(without_end, service).run()) == "refused"


async def test_a_start_is_told_before_the_operation_ends() -> None:
    service = Service()
    run = asyncio.create_task(chain(without_end, service).run())
    async with asyncio.timeout(60):
        while not service.reports:  # noqa: ASYNC110  # the service tells nobody
            await asyncio.sleep(0.001)
    run.cancel()
    await asyncio.wait([run])

    assert service.said == [{("o0", "EXECUTING")}]


async def test_while_nothing_happens_it_says_again_and_again_that_it_lives() -> None:
    service = Service()
    run = asyncio.create_task(chain(without_end, service, every=0.01).run())
    async with asyncio.timeout(60):
        while len(service.reports) < 5:  # noqa: ASYNC110  # the service tells nobody
            await asyncio.sleep(0.001)
    run.cancel()
    await asyncio.wait([run])

    assert {report.processing_state for report in service.reports} == {ProcessingState.EXECUTING}
    assert service.said[1:5] == [set()] * 4, "what was acknowledged is not said again"
