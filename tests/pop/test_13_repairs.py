"""Quirks of POP's that we repaired (spec 13)."""

from typing import Any

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestRepairs:
    """13 Quirks that are repaired.

    Others stand where they belong: a body that is none (2.3), `byId` and look-ups of more than 100 (2.4), limits and
    counts of what is seen, a refused DELETE (3.2), booleans in references (5.2), queues (6), a null id (7.2),
    `dependsOn` and a second place in the line (8), edits of a failed run (9.1), an answer that was lost (14.10).
    """

    async def test_an_expired_dispatch_is_handed_out_again_and_supersedes(self, client: Client) -> None:
        agenda = await client.submit()
        assert (await client.pull())["agendas"]
        assert [found["id"] for found in (await client.pull())["agendas"]] == [agenda["id"]]  # after 5 s here
        assert (await client.report(agenda["progressId"], 1))["error"] is False
        superseded = await client.report(agenda["progressId"], 2)
        assert error_of(superseded) == ("ConflictException", 409)


class TestReferences:
    """13 Quirks that are repaired.

    References that look like what they are, for submission and template runs alike.
    """

    async def test_two_references_that_fill_a_text_are_two(self, client: Client) -> None:
        operations: list[Any] = [
            {"name": "a", "type": "t"},
            {"name": "b", "type": "t", "payload": {"x": "@<a.out>:@<a.out::/y>", "tag": "@<a.out><tag>"}},
        ]
        assert (await client.submit(operations=operations))["operations"][1]["payload"] == operations[1]["payload"]

    async def test_a_payload_may_be_one_bare_reference(self, client: Client) -> None:
        operations: list[Any] = [{"name": "a", "type": "t"}, {"name": "b", "type": "t", "payload": "@<a.out>"}]
        assert (await client.submit(operations=operations))["operations"][1]["payload"] == "@<a.out>"

    async def test_a_mapper_without_a_value_matches_nothing_and_stops_no_other(self, client: Client) -> None:
        mappers = {"paramMap": ["kind=", "kind=x"]}
        await client.ask("PUT", f"/pop/insight/i-{client.tenant}", {"mappers": mappers})
        assert (await client.submit(params={"kind": "x"}))["agendaInsight"]["insightId"] == f"i-{client.tenant}"
        body = {"customerId": client.tenant, "operations": [{"name": "a"}], "params": {"kind": ""}}
        _, answer, _ = await client.ask("POST", "/pop/agenda", body)
        assert error_of(answer) == ("ObjectNotFoundException", 404)


class TestObjects:
    """13 Quirks that are repaired."""

    @pytest.mark.parametrize("kind", ["insight", "agendatemplate"])
    async def test_one_that_does_not_say_whether_it_is_global_is_shown_all_the_same(
        self, client: Client, kind: str
    ) -> None:
        body = {"id": f"x-{client.tenant}", "customerId": client.tenant, "title": "t", "isGlobal": None}
        await client.ask("POST", f"/pop/{kind}", body)
        for fields in ("id", "title,id", "customerId,id"):
            _, answer, _ = await client.ask("GET", f"/pop/{kind}/x-{client.tenant}?byfields={fields}")
            assert answer["all"][0]["id"] == f"x-{client.tenant}"
            assert answer["all"][0].keys() == set(fields.split(","))

    async def test_fields_without_an_id_show_a_progress_with_its_operations(self, client: Client) -> None:
        agenda = await client.submit("a")
        path = f"/pop/progress/agenda/{agenda['progressId']}?byfields=linkId,operationProgress"
        _, answer, _ = await client.ask("GET", path)
        assert [row["operation"] for row in answer["all"][0]["operationProgress"]] == ["a"]

    async def test_a_put_that_fails_at_an_operation_changes_nothing(self, client: Client) -> None:
        agenda = await client.submit("a", "b")
        before = await client.progress(agenda["progressId"])
        entries = [{"operation": "a", "title": "new"}, {"operation": "b" * 2000, "title": "too long for an id"}]
        body = {"title": "new", "operationProgress": entries}
        _, answer, _ = await client.ask("PUT", f"/pop/progress/agenda/{agenda['progressId']}", body)
        assert error_of(answer) == ("ValidationException", 422)
        assert await client.progress(agenda["progressId"]) == before

    @pytest.mark.parametrize("kind", ["agenda", "progress/agenda"])
    async def test_an_object_does_not_change_hands_where_its_key_would(self, client: Client, kind: str) -> None:
        agenda = await client.submit("a")
        identity = agenda["id"] if kind == "agenda" else agenda["progressId"]
        _, answer, _ = await client.ask("PUT", f"/pop/{kind}/{identity}", {"customerId": "another"})
        assert error_of(answer) == ("BadRequestException", 400)

    async def test_a_text_is_a_text_and_a_number_a_number(self, client: Client) -> None:
        for kind, field, value in (
            ("customer", "title", 7),
            ("insight", "queueName", True),
            ("progress/agenda", "percentComplete", "half"),
            ("progress/operation", "operation", 1.5),
        ):
            body = {"customerId": client.tenant, "title": "t", field: value}
            status, answer, _ = await client.ask("POST", f"/pop/{kind}", body)
            assert (status, error_of(answer)) == (400, ("BadRequestException", 400)), kind
            assert f"$.{field}" in answer["errorResponse"]["description"]

    async def test_an_operation_stays_in_its_run_and_with_its_customer(self, client: Client) -> None:
        agenda = await client.submit("a")
        path = f"/pop/progress/operation/{agenda['progressId']}-a"
        before = (await client.ask("GET", path))[1]
        for body in ({"agendaProgressId": "another"}, {"customerId": "another"}):
            _, answer, _ = await client.ask("PUT", path, body)
            assert error_of(answer) == ("BadRequestException", 400), body
        assert (await client.ask("GET", path))[1] == before


class TestWork:
    """13 Quirks that are repaired.

    A queue is served late, by whoever asks, and nothing that was read is lost.
    """

    async def test_more_than_ten_come_in_one_answer(self, client: Client) -> None:
        agendas = [await client.submit() for _ in range(12)]
        assert [found["id"] for found in (await client.pull(1000))["agendas"]] == [agenda["id"] for agenda in agendas]

    async def test_of_two_entries_of_one_operation_the_first_counts(self, client: Client) -> None:
        agenda = await client.submit("a")
        entries = [{"operation": "a", "percentComplete": 50.0}, {"operation": "a", "percentComplete": 10.0}]
        await client.report(agenda["progressId"], operationProgress=entries)
        (row,) = (await client.progress(agenda["progressId"]))["operationProgress"]
        assert row["percentComplete"] == 50.0

    async def test_a_run_that_never_was_to_run_is_not_tried_again(self, client: Client) -> None:
        agenda = await client.submit(params={"doNotRun": "any"})
        await client.report(agenda["progressId"], processingState="COMPLETE", processingStateMessage="failed")
        assert [(await client.poll())["agendas"] for _ in range(3)] == [[], [], []]  # each waits a second
        assert (await client.progress(agenda["progressId"]))["processingStateMessage"] == "failed"
