"""The client covers every route, and says on the wire what it is asked to."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
import pytest
from yarl import URL

from eventstore.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from handlers.client.client import Client
from handlers.client.objects import AgendaProgress, Insight
from handlers.endpoints.routes import PATHS, find, not_implemented

Calls = Callable[[Client], Coroutine[Any, Any, Any]]
COLLECTIONS = (
    "customers",
    "resource_pools",
    "insights",
    "templates",
    "agendas",
    "agenda_progresses",
    "operation_progresses",
)
METHODS: Mapping[str, Callable[[Any], Coroutine[Any, Any, Any]]] = {
    "GET": lambda objects: objects.get("x"),
    "POST": lambda objects: objects.save({"id": "x"}),
    "PUT": lambda objects: objects.put("x", {"title": "t"}),
    "DELETE": lambda objects: objects.delete("x"),
}
#: A service that is not listed here has no client method: the first test fails.
SERVICES: Mapping[str, Calls] = {
    "summary": lambda client: client.summary("l"),
    "getAgenda": lambda client: client.pull("i", 1),
    "updateAgendaProgress": lambda client: client.report(AgendaProgress(id="p")),
    "handBackAgenda": lambda client: client.hand_back("p", 1),
    "run": lambda client: client.run_template("t", {"a": 1}),
    "rerun": lambda client: client.rerun("a", operations=["x", "y"]),
    "createAgenda": lambda client: client.create([{"id": "x"}]),
    "updateAgenda": lambda client: client.update_agenda("a", []),
    "cancel": lambda client: client.cancel("a"),
    "pause": lambda client: client.pause("i", "why"),
    "resume": lambda client: client.resume("i"),
    "timers": lambda client: client.timers(),
}


class Recorder:
    """Stands where a session does: keeps what was asked, and answers as it is told."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        whole = {"all": [{"id": "x"}], "agendas": [{"id": "x"}], "agenda": {"id": "x"}, "count": 1, "processes": []}
        self.answers = [*answers] or [whole]
        self.status = status
        self.asked: list[tuple[str, URL, Any, Mapping[str, str]]] = []

    def request(self, method: str, url: URL, *, data: bytes | None, headers: Mapping[str, str]) -> "Recorder":
        self.asked.append((method, url, None if data is None else orjson.loads(data), headers))
        return self

    async def __aenter__(self) -> "Recorder":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self) -> bytes:
        return orjson.dumps(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    def client(self) -> Client:
        return Client("http://there/pop", self, draw=lambda: "drawn", patience=0.0)  # type: ignore[arg-type]


async def test_every_route_and_method_has_a_client_method() -> None:
    recorder = Recorder()
    client = recorder.client()
    for name in COLLECTIONS:
        for call in METHODS.values():
            await call(getattr(client, name))
    for service in SERVICES.values():
        await service(client)

    wanted = {
        (route.name, method)
        for route in PATHS.values()
        for method, endpoint in route.methods.items()
        if endpoint is not not_implemented
    }
    asked = {(found[0].name, method) for method, url, _, _ in recorder.asked if (found := find(url.raw_path))}
    assert wanted - asked == set()
    assert len(asked) == len(wanted)


@pytest.mark.parametrize("identity", ["a/b", "service", "..", "", "ä+ %2F&x=1", "#?"])
async def test_any_text_is_an_id(identity: str) -> None:
    recorder = Recorder()
    await recorder.client().customers.get(identity)

    ((_, url, _, _),) = recorder.asked
    assert url.raw_path == "/pop/customer"
    assert parse_qsl(url.raw_query_string, keep_blank_values=True) == [("id", identity)]


async def test_what_a_query_compares_with_is_decoded_twice() -> None:
    recorder = Recorder()
    await recorder.client().insights.page({"title": "100%25 + ä"}, limit=7)

    ((_, url, _, _),) = recorder.asked
    asked = dict(parse_qsl(url.raw_query_string, keep_blank_values=True))
    assert unquote(asked["bytitle"]) == "100%25 + ä"
    assert (asked["bylimit"], asked["cursor"]) == ("7", "")


async def test_pages_follow_one_another_until_there_is_no_next() -> None:
    recorder = Recorder({"all": [{"id": "1"}, {"id": "2"}], "next": "c"}, {"all": [{"id": "3"}]})
    found = [each.id async for each in recorder.client().insights.each(limit=2)]

    assert found == ["1", "2", "3"]
    assert ["cursor=c" in url.raw_query_string for _, url, _, _ in recorder.asked] == [False, True]


async def test_a_post_has_one_key_however_often_it_is_made() -> None:
    recorder = Recorder()
    saved = await recorder.client().insights.save(Insight(id="x", queue_name="q"))

    ((_, _, body, headers),) = recorder.asked
    assert isinstance(saved, Insight)
    assert (body, headers["Idempotency-Key"]) == ({"id": "x", "queueName": "q"}, "drawn")


async def test_no_attribute_is_called_as_what_queries_reserve() -> None:
    with pytest.raises(ValueError, match="limit"):
        await Recorder().client().agendas.page({"Limit": "1"})


@pytest.mark.parametrize(
    ("code", "kind"), [(422, Invalid), (403, Forbidden), (404, NotFound), (409, Conflict), (503, Unavailable)]
)
async def test_a_refusal_is_an_error_of_the_tree(code: int, kind: type[Exception]) -> None:
    refused = {"error": True, "errorResponse": {"responseCode": code, "description": "why"}}
    with pytest.raises(kind, match="why"):
        await Recorder(refused).client().customers.get("x")


async def test_a_service_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await Recorder({}, status=503).client().summary("l")
