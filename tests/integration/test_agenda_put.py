"""PUT of agendas on the wire (spec 2.5, 4.3)."""

import pytest

from tests.integration.conftest import Client
from tests.integration.test_wire import error_of

pytestmark = pytest.mark.kafka


async def test_a_put_replaces_whole_fields_and_leaves_progress_and_line(client: Client) -> None:
    agenda = await client.submit("x", "y", title="T", params={"k": 1, "n": None})
    body = {"title": None, "params": {"z": "@<not.validated>"}, "operations": [{"name": "x"}, {"name": "x"}]}
    _, answer, _ = await client.ask("PUT", f"/pop/agenda/{agenda['id']}", body)
    (found,) = answer["all"]
    assert found.pop("updatedTime") >= agenda.pop("updatedTime")
    assert found == {**agenda, "params": body["params"], "operations": [{"name": "x"}, {"name": "x"}]}
    progress = await client.progress(agenda["progressId"])
    assert [row["operation"] for row in progress["operationProgress"]] == ["x", "y"]
    assert [one["title"] for one in (await client.pull())["agendas"]] == ["T"]


async def test_the_id_may_stand_in_the_url_or_the_body_or_in_both(client: Client) -> None:
    agenda = await client.submit()
    for path, body in (
        (f"/pop/agenda/{agenda['id']}", {"title": "1"}),
        ("/pop/agenda", {"id": agenda["id"], "title": "2"}),
        (f"/pop/agenda/{agenda['id']}", {"id": agenda["id"], "title": "3"}),
    ):
        _, answer, _ = await client.ask("PUT", path, body)
        assert answer["all"][0]["title"] == body["title"]
    _, answer, _ = await client.ask("PUT", f"/pop/agenda/{agenda['id']}", {"id": "other"})
    assert error_of(answer) == ("ValidationException", 422)
    assert "Mismatched Id in URL and on input object: " in answer["errorResponse"]["description"]
    _, answer, _ = await client.ask("PUT", "/pop/agenda", {"title": "x"})
    assert error_of(answer) == ("ValidationException", 422)
    _, answer, _ = await client.ask("PUT", f"/pop/agenda/{agenda['id']}", raw=b"null")
    assert answer["errorResponse"]["description"] == "Unable to POST/PUT a null object"


async def test_what_is_not_there_is_an_error_inside_the_envelope(client: Client) -> None:
    status, answer, _ = await client.ask("PUT", "/pop/agenda/none", {"title": "x"})
    assert (status, answer["all"], error_of(answer)) == (200, [], ("ObjectNotFoundException", 404))
    assert answer["errorResponse"]["description"] == "Unable to get object by id none"


async def test_an_id_that_the_client_chose_is_ignored_by_a_post(client: Client) -> None:
    agendas = [await client.submit(id="mine") for _ in range(2)]
    assert len({agenda["id"] for agenda in agendas} | {"mine"}) == 3
    assert (await client.ask("GET", "/pop/agenda/mine"))[1]["all"] == []
