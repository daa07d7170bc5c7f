"""Rerun (spec 8.1 to 8.3)."""

from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka
PATH = "/pop/agenda/service/rerun"


async def rerun(client: Client, agenda: Any, *params: str, **headers: Any) -> Any:
    body = {"agendaId": agenda["id"], "params": [*params]}
    return (await client.ask("POST", PATH, body, **headers))[1]


async def done(client: Client, *operations: dict[str, Any], **more: Any) -> Any:
    """An agenda that ran to its end; one that is not to run is reported on all the same."""
    agenda = await client.submit(operations=[{"type": "t", **operation} for operation in operations], **more)
    if "doNotRun" not in more.get("params", {}):
        await client.pull()
    rows = [
        {
            "operation": operation["name"],
            "processingState": "COMPLETE",
            "processingStateMessage": "succeeded",
            "resultPayload": '{"a":1}',
            "percentComplete": 100.0,
            "startedTime": 1000,
            "completedTime": 2000,
            "diagnosticEvents": [{"message": "m"}],
            "params": {"p": 1},
        }
        for operation in operations
    ]
    end = {"processingState": "COMPLETE", "processingStateMessage": "succeeded", "percentComplete": 100.0}
    await client.report(agenda["progressId"], 1000, operationProgress=rows, **end)
    return agenda


async def states(client: Client, agenda: Any) -> dict[str, str]:
    progress = await client.progress(agenda["progressId"])
    return {row["operation"]: row["processingState"] for row in progress["operationProgress"]}


class TestRequest:
    """8.1 The request to rerun.

    How params are read, one by one: `tests/unit/handlers/endpoints/test_reruns.py`.
    """

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            (None, "agendaId is required on rerun"),
            ({}, "agendaId must be specified"),
            ({"agendaId": " ", "params": None}, "agendaId must be specified"),
        ],
    )
    async def test_asks_for_what_is_missing_in_pops_words(self, client: Client, body: Any, text: str) -> None:
        status, answer, _ = await client.ask("POST", PATH, raw=b"" if body is None else None, body=body)
        assert (status, error_of(answer)) == (200, ("ValidationException", 422))
        assert answer["errorResponse"]["description"] == text
        assert "all" not in answer

    async def test_an_agenda_and_a_progress_that_are_not_there(self, client: Client) -> None:
        answer = await rerun(client, {"id": "nothing"}, X_pop_cid="c1")
        assert error_of(answer) == ("ObjectNotFoundException", 404)
        assert (answer["errorResponse"]["description"], answer["cid"]) == ("Agenda nothing not found", "c1")
        agenda = await client.submit()
        await client.ask("DELETE", f"/pop/progress/agenda/{agenda['progressId']}")
        answer = await rerun(client, agenda)
        assert answer["errorResponse"]["description"] == f"AgendaProgress {agenda['progressId']} not found"

    async def test_names_that_are_none_are_refused_and_nothing_is_changed(self, client: Client) -> None:
        agenda = await done(client, {"name": "a"}, {"name": "b"})
        for value, text in (
            ("", "params is invalid - operationsToReset has no operations specified"),
            (",,", "params is invalid - operationsToReset has no operations specified"),
            (",a,A,,c", "params is invalid - operationsToReset has the following invalid operation names: A,c"),
        ):
            answer = await rerun(client, agenda, f"operationsToReset={value}")
            assert error_of(answer) == ("ValidationException", 422)
            assert answer["errorResponse"]["description"] == text
        assert await states(client, agenda) == {"a": "COMPLETE", "b": "COMPLETE"}

    async def test_a_service_is_post_only(self, client: Client) -> None:
        _, answer, _ = await client.ask("GET", PATH)
        assert answer["errorResponse"]["description"] == "GET is not implemented for this endpoint"


class TestWhatIsReset:
    """8.2 What is reset.

    Circles, and what generated operations generated: `tests/unit/handlers/deciders/test_reruns.py`.
    """

    async def test_all_operations_by_default_and_only_the_fields_that_a_reset_names(self, client: Client) -> None:
        agenda = await done(client, {"name": "a"}, {"name": "b"})
        before = await client.progress(agenda["progressId"])

        assert await rerun(client, agenda, "", "unknown=1") == {"error": False}

        progress = await client.progress(agenda["progressId"])
        assert (progress["processingState"], progress["processingStateMessage"]) == ("WAITING", "pending")
        for name in ("attemptsCompleted", "startedTime", "percentComplete", "maximumAttempts"):
            assert progress[name] == before[name], name
        for row, was in zip(progress["operationProgress"], before["operationProgress"], strict=True):
            assert (row["processingState"], row["percentComplete"]) == ("WAITING", 0.0)
            assert (row["resultPayload"], row["diagnosticEvents"]) == ("{}", [])
            for name in ("startedTime", "completedTime", "params", "attemptCount", "id"):
                assert row[name] == was[name], name

    @pytest.mark.parametrize(
        ("params", "reset"),
        [
            (["resetAll"], "abcd"),
            (["resetAll=false", "operationsToReset=d"], "abcd"),
            (["operationsToReset=a"], "abc"),
            (["operationsToReset=,c,,d"], "cd"),
            (["continue"], ""),
            (["continue=null"], ""),
            (["continue", "operationsToReset=d"], "d"),
            (["Continue"], "abcd"),
        ],
    )
    async def test_what_is_asked_for_and_all_that_depends_on_it(
        self, client: Client, params: list[str], reset: str
    ) -> None:
        b = {"name": "b", "params": {"dependsOn": "d2, a"}}
        c = {"name": "c", "payload": {"deep": ["x @<b.out::/y?z> @<pop.agendaId>"]}}
        agenda = await done(client, {"name": "a"}, b, c, {"name": "d"})

        await rerun(client, agenda, *params)

        waiting = {name for name, state in (await states(client, agenda)).items() if state == "WAITING"}
        assert waiting == set(reset)

    async def test_what_a_reset_operation_generated_is_deleted_with_what_that_generated(self, client: Client) -> None:
        by = "generatedOperationParent"
        agenda = await done(
            client, {"name": "a"}, {"name": "b"}, {"name": "g", "params": {by: "a"}}, {"name": "h", "params": {by: "g"}}
        )

        await rerun(client, agenda, "operationsToReset=a")

        assert await states(client, agenda) == {"a": "WAITING", "b": "COMPLETE"}
        _, answer, _ = await client.ask("GET", f"/pop/agenda/{agenda['id']}")
        assert [operation["name"] for operation in answer["all"][0]["operations"]] == ["a", "b"]
        _, answer, _ = await client.ask("GET", f"/pop/progress/operation/{agenda['progressId']}-g")
        assert answer["all"] == []

    async def test_what_is_not_reset_stays_as_it_was(self, client: Client) -> None:
        agenda = await done(client, {"name": "a"}, {"name": "b"})
        before = {row["operation"]: row for row in (await client.progress(agenda["progressId"]))["operationProgress"]}
        await rerun(client, agenda, "operationsToReset=a")
        after = {row["operation"]: row for row in (await client.progress(agenda["progressId"]))["operationProgress"]}
        assert after["b"] == before["b"]
        assert after["a"] != before["a"]


class TestQueue:
    """8.3 Standing in the line again."""

    async def test_it_stands_at_the_back_of_the_line_once(self, client: Client) -> None:
        first, second = await client.submit("a"), await client.submit("b")
        assert await rerun(client, first) == {"error": False}
        assert [one["id"] for one in (await client.pull(10))["agendas"]] == [second["id"], first["id"]]
        assert (await client.poll(10))["agendas"] == []

    @pytest.mark.parametrize(("params", "given"), [({}, "skipExecution"), ({"doNotRun": None}, "resetAll")])
    async def test_it_does_not_where_that_was_not_wanted(self, client: Client, params: Any, given: str) -> None:
        agenda = await done(client, {"name": "a"}, params=params)
        assert await rerun(client, agenda, given) == {"error": False}
        assert await states(client, agenda) == {"a": "WAITING"}
        assert (await client.poll())["agendas"] == []

    async def test_whoever_ran_it_is_told_to_stop_and_the_next_begins_with_what_was_not_reset(
        self, client: Client
    ) -> None:
        agenda = await client.submit("a", "b")
        await client.pull()
        a = {"operation": "a", "processingState": "COMPLETE", "processingStateMessage": "succeeded"}
        await client.report(agenda["progressId"], 7, processingState="EXECUTING", operationProgress=[a])

        await rerun(client, agenda, "operationsToReset=b")

        assert error_of(await client.report(agenda["progressId"], 7, processingState="COMPLETE"))[1] == 409
        found = await client.pull()
        rows = {row["operation"]: row["processingState"] for row in found["agendaProgresses"][0]["operationProgress"]}
        assert rows == {"a": "COMPLETE", "b": "WAITING"}

    async def test_a_cancelled_run_runs_again(self, client: Client) -> None:
        agenda = await client.submit("a")
        await client.ask("POST", "/pop/agenda/service/cancel", {"agendaId": agenda["id"]})
        await rerun(client, agenda)
        assert [one["id"] for one in (await client.pull())["agendas"]] == [agenda["id"]]
        assert await client.report(agenda["progressId"], 8, processingState="EXECUTING") == {"error": False}

    async def test_the_same_request_twice_begins_it_once(self, client: Client) -> None:
        agenda = await done(client, {"name": "a"})
        await rerun(client, agenda, Idempotency_Key="k")
        assert (await client.pull())["agendas"]
        assert await rerun(client, agenda, Idempotency_Key="k") == {"error": False}
        assert (await client.poll())["agendas"] == []
