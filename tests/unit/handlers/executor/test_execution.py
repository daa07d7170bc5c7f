"""A run whose operations generate operations, with a service that is none."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventstore.errors import Invalid, Unavailable
from handlers.client.objects import Agenda, AgendaProgress, Operation, OperationProgress
from handlers.executor.execution import End, Execution
from handlers.executor.operations.agenda_post import BEGUN, agenda_post
from handlers.executor.operations.task import Task
from handlers.executor.operations.update_agenda import update_agenda
from tests import builders as b
from tests.tasks import Said, task


class Service:
    """Remembers what it is asked; raises what it is told to, once each."""

    def __init__(self, *wrong: Exception) -> None:
        self.wrong = [*wrong]
        self.expanded: list[tuple[str, list[str], Any]] = []
        self.submitted: dict[str, Any] = {}

    async def submit(self, agenda: Agenda | Mapping[str, Any], *, key: str | None = None) -> Agenda:
        if self.wrong:
            raise self.wrong.pop(0)
        self.submitted[key or ""] = agenda
        return Agenda(id=f"new-{len(self.submitted)}", progress_id="p")

    async def update_agenda(
        self, agenda_id: str, operations: Sequence[Operation], params: Mapping[str, Any] | None = None
    ) -> Agenda:
        if self.wrong:
            raise self.wrong.pop(0)
        self.expanded.append((agenda_id, [one.name for one in operations], params))
        return Agenda()


class Ran:
    """One execution, to its end."""

    def __init__(self) -> None:
        self.operations: list[str] = []
        self.reports: list[AgendaProgress] = []
        #: what would be said before anything ran
        self.before: AgendaProgress | None = None
        self.end: End | None = None


async def ran(*operations: Operation, service: Service | None = None, prior: Sequence[OperationProgress] = ()) -> Ran:
    found = Ran()

    async def echo(one: Task) -> Any:
        found.operations.append(one.name)
        return one.payload

    async def send(report: AgendaProgress) -> None:
        found.reports.append(report)

    execution = Execution(
        Agenda(id="a1", progress_id="p1", operations=[*operations]),
        AgendaProgress(operation_progress=[*prior]),
        handlers={"echo": echo, "updateAgenda": update_agenda},
        slots=asyncio.Semaphore(1),
        send=send,
        now=lambda: 1,
        service=service,
    )
    found.before = execution.journal.report()
    found.end = await execution.run()
    return found


def echo(name: str, payload: Any = None, **params: Any) -> Operation:
    return Operation(name=name, type="echo", payload=payload, params=params)


def generator(name: str, *made: Operation, **said: Any) -> Operation:
    pointers = {"agenda.operation.generator": {"operationsJsonPointer": "/ops", **said}}
    return Operation(
        name=name, type="echo", payload={"ops": msgspec.to_builtins([*made]), "p": {"n": 1}}, params=pointers
    )


def done(name: str, result: Any = None) -> OperationProgress:
    text = None if result is None else msgspec.json.encode(result).decode()
    message = "succeeded"
    return OperationProgress(
        operation=name, processing_state=b.COMPLETE, processing_state_message=message, result_payload=text
    )


async def test_what_is_generated_is_told_to_the_service_and_run() -> None:
    service = Service()
    one = generator("a", echo("g", "@<pop.operationName>"), echo("h", dependsOn="g,b"), paramsJsonPointer="/p")

    found = await ran(one, echo("b"), service=service)

    assert found.end is End.SUCCEEDED
    assert service.expanded == [("a1", ["g", "h"], {"n": 1})]
    assert found.operations[-1] == "h"
    assert sorted(found.operations) == ["a", "b", "g", "h"]
    assert found.reports[-1].percent_complete == 100.0
    said = [{row.operation for row in report.operation_progress or []} for report in found.reports]
    last = next(n for n, names in enumerate(said) if "h" in names)
    assert all((report.percent_complete or 0.0) <= 75.0 for report in found.reports[:last])


async def test_an_update_of_the_agenda_runs_what_it_adds() -> None:
    service = Service()
    payload = {"operations": [{"name": "g", "type": "echo"}], "params": {"n": 2}}
    found = await ran(Operation(name="u", type="updateAgenda", payload=payload), service=service)
    assert (found.end, found.operations) == (End.SUCCEEDED, ["g"])
    assert service.expanded == [("a1", ["g"], {"n": 2})]
    rows = [row for report in found.reports for row in report.operation_progress or []]
    result = next(row.result_payload for row in rows if row.operation == "u" and row.result_payload)
    assert msgspec.json.decode(result)["operations"][0]["params"] == {"generatedOperationParent": "u"}


async def test_nobody_is_told_where_it_is_only_logged_or_there_is_no_service() -> None:
    service = Service()
    assert (await ran(generator("a", echo("g"), logOnly=True), service=service)).operations == ["a", "g"]
    assert service.expanded == []
    assert (await ran(generator("a", echo("g")))).operations == ["a", "g"]


async def test_nothing_generated_is_nothing_to_tell() -> None:
    service = Service()
    assert (await ran(generator("a"), service=service)).end is End.SUCCEEDED
    assert service.expanded == []


async def test_a_service_that_is_away_is_told_when_it_is_back() -> None:
    service = Service(Unavailable("away"), Unavailable("away"))
    assert (await ran(generator("a", echo("g")), service=service)).end is End.SUCCEEDED
    assert service.expanded == [("a1", ["g"], None)]


async def test_a_refusal_fails_the_operation_and_nothing_that_it_generated_runs() -> None:
    found = await ran(generator("a", echo("g")), service=Service(Invalid("too large")))
    assert (found.end, found.operations) == (End.FAILED, ["a"])
    assert "the service refused the operations that were generated: too large" in str(found.reports[-1])


async def test_a_name_that_another_operation_has_fails_the_operation() -> None:
    service = Service()
    found = await ran(generator("a", echo("b")), echo("b", dependsOn="a"), service=service)
    assert (found.end, found.operations, service.expanded) == (End.FAILED, ["a"], [])
    assert "expected to generate operations with new names, found b" in str(found.reports[-1])


async def test_what_a_completed_generator_made_goes_on_where_it_was() -> None:
    one = generator("a", echo("g"), echo("h"), echo("i"), logOnly=True)
    found = await ran(one, echo("g", generatedOperationParent="a"), prior=[done("a", one.payload), done("h")])
    assert (found.end, sorted(found.operations)) == (End.SUCCEEDED, ["g", "i"])
    assert found.before is not None
    assert found.before.percent_complete == 50.0


async def test_what_a_generator_left_behind_that_did_not_complete_runs_once() -> None:
    service = Service()
    old = echo("g", "old", generatedOperationParent="a")
    found = await ran(old, generator("a", echo("g", "new")), service=service)
    assert (found.end, found.operations) == (End.SUCCEEDED, ["a", "g"])
    rows = [row for report in found.reports for row in report.operation_progress or [] if row.operation == "g"]
    assert rows[-1].result_payload == '"new"'


# --- agendaPost


async def test_agendas_are_posted_for_the_runs_customer_unless_they_say_another() -> None:
    service = Service()
    agendas = [{"operations": []}, {"customerId": "other", "cid": "c2"}]
    answer = await agenda_post(task({"agendas": agendas}, service=service, cid="c1"))
    assert answer == {"agendas": [{"id": "new-1", "progressId": "p"}, {"id": "new-2", "progressId": "p"}]}
    assert [*service.submitted.values()] == [
        {"customerId": "acme", "cid": "c1", "operations": []},
        {"customerId": "other", "cid": "c2"},
    ]


async def test_every_try_of_one_beginning_posts_under_the_same_key_and_a_reset_under_another() -> None:
    async def keys(prior: OperationProgress | None) -> tuple[list[str], Any]:
        service, said = Service(), Said()
        await agenda_post(task({"agendas": [{}]}, service=service, prior=prior, said=said))
        return [*service.submitted], said[0][2]

    def was(state: Any, attempts: int, **params: Any) -> OperationProgress:
        return OperationProgress(operation="op", processing_state=state, attempt_count=attempts, params=params)

    first = await keys(None)
    assert first == (["agendaPost/p1/op/0/0"], {BEGUN: 0})
    assert await keys(was(b.WAITING, 0)) == first
    assert await keys(was(b.EXECUTING, 1)) == first
    assert await keys(was(b.COMPLETE, 3, **{BEGUN: 0})) == first
    again = await keys(was(b.WAITING, 3, **{BEGUN: 0}))
    assert again == (["agendaPost/p1/op/3/0"], {BEGUN: 3})
    assert await keys(was(b.EXECUTING, 4, **{BEGUN: 3})) == again


async def test_nothing_is_posted_where_it_is_only_logged_or_there_is_no_service() -> None:
    service = Service()
    answer = await agenda_post(task({"agendas": [{"title": "t"}], "logOnly": True}, service=service))
    assert answer == {"agendas": [{"customerId": "acme", "cid": None, "title": "t"}]}
    assert await agenda_post(task({"agendas": [{"title": "t"}]})) == answer
    assert service.submitted == {}
