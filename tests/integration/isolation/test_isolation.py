"""Bob walks every route and method over Ann's objects, and finds nothing: not that they are there, either.

How it is told: each request about an object of Ann's is made again about one that does not exist. Both answers must be
the same in status, headers (positions too) and body, byte for byte, but for the id itself. A list must be to Bob what
it is to the super user who asks for Bob's objects alone. And when all is done, Ann's objects are what they were.
"""

import itertools
import json
import re
from typing import Any
from urllib.parse import quote_plus

import pytest

from handlers.endpoints.routes import PATHS, Route, not_implemented
from tests.integration.isolation.probes import MADE, PROBES, attributes, missing, unlisted
from tests.integration.isolation.world import ANN, BOB, MARK, Found, World, in_path

pytestmark = pytest.mark.kafka
COLLECTIONS = (
    *("pop/customer", "pop/resourcepool", "pop/insight", "pop/agendatemplate"),
    *("pop/agenda", "pop/progress/agenda", "pop/progress/operation"),
)


async def all_of(world: World, customer: str) -> dict[str, Any]:
    """Everything of a customer, as the super user sees it."""
    query = f"bycustomerId={quote_plus(customer)}"
    return {path: (await world.root.json("GET", f"/{path}?{query}"))["all"] for path in COLLECTIONS}


@pytest.fixture(autouse=True)
async def nothing_of_anns_changes(world: World) -> Any:
    """Whatever a test asks as Bob: Ann's objects are what they were."""
    before = await all_of(world, ANN)
    yield
    assert await all_of(world, ANN) == before


def told(found: Found, identity: str) -> tuple[int, dict[str, str], str]:
    """An answer without the id that was asked about."""
    status, headers, text = found
    for form in {identity, json.dumps(identity)[1:-1]}:
        text = text.replace(form, "<id>")
    return status, headers, re.sub(r"with offset \d+", "", text)


def test_every_route_and_method_is_probed() -> None:
    assert unlisted(PATHS) == set()
    planted = {"pop/planted": Route("planted", {"GET": not_implemented}), "pop/agenda": PATHS["pop/agenda"]}
    assert unlisted(planted) == {("pop/planted", "GET")}
    more = Route("agenda", {**PATHS["pop/agenda"].methods, "PATCH": not_implemented})
    assert unlisted({"pop/agenda": more}) == {("pop/agenda", "PATCH")}


@pytest.mark.parametrize(("path", "method"), sorted(PROBES), ids=str)
async def test_anns_object_is_to_bob_as_one_that_is_not_there(world: World, path: str, method: str) -> None:
    probe = PROBES[path, method]
    hers = world.anns[probe.about]["id"]
    none = missing(hers)
    for (there, body), (nowhere, same) in zip(probe.requests(hers), probe.requests(none), strict=True):
        found = await world.bob.ask(method, there, body)
        twin = await world.bob.ask(method, nowhere, same)
        assert told(found, hers) == told(twin, none), there
        assert MARK not in told(found, hers)[2].replace(hers, "")


@pytest.mark.parametrize("path", sorted(path for path, method in MADE))
async def test_a_post_over_anns_object_is_refused_and_tells_nothing_of_it(world: World, path: str) -> None:
    hers = world.anns[path if path in world.anns else "pop/progress/operation"]["id"]
    for body in ({"id": hers, "customerId": BOB, "title": "Bob's"}, {"id": hers, "customerId": ANN, "title": "Bob's"}):
        for there in (f"/{path}", f"/{path}/{in_path(hers)}", f"/{path}?id={in_path(hers)}"):
            status, headers, text = await world.bob.ask("POST", there, body)
            assert (status, json.loads(text)["errorResponse"]["responseCode"]) == (200, 403)
            rest = text.replace(hers, "<id>").replace(body["customerId"], "<customer>")
            assert MARK not in rest
            assert "Agendum-Position" not in headers


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_a_list_is_to_bob_what_it_is_of_bobs_objects_alone(world: World, path: str) -> None:
    mine = f"bycustomerId={quote_plus(BOB)}"
    queries = [*attributes(world.anns[path]), *attributes(world.bobs[path]), ("none", "x"), ("customerId", ANN)]
    forms = (
        "",
        "&bylimit=1",
        "&bycount=true",
        "&bycount=true&bylimit=1",
        "&byfields=id,customerId",
        "&cursor=",
        "&cursor=&bylimit=1",
    )
    walks = [f"by{name}={quote_plus(quote_plus(value))}" for name, value in queries]
    for walk, form in itertools.product(["", *dict.fromkeys(walks)], forms):
        if walk.startswith("bycustomerId") and walk != mine.replace("%", "%25"):
            found = await world.bob.json("GET", f"/{path}?{walk}{form}")
            assert (found["all"], found["count"]) == ([], 0), walk
            continue
        found = await world.bob.json("GET", f"/{path}?{walk}{form}")
        of_bob = await world.root.json("GET", f"/{path}?{walk}&{mine}{form}")
        assert _but_insights(found) == _but_insights(of_bob), walk + form
        assert MARK not in json.dumps(found)


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_a_cursor_of_anns_leads_bob_to_none_of_her_objects(world: World, path: str) -> None:
    hers = await world.root.json("GET", f"/{path}?cursor=&bylimit=1&bycustomerId={quote_plus(ANN)}")
    cursors = [hers["next"]] if "next" in hers else []
    for cursor in [*cursors, "x", "", "%00"]:
        found = await world.bob.ask("GET", f"/{path}?cursor={cursor}")
        of_bob = await world.root.ask("GET", f"/{path}?cursor={cursor}&bycustomerId={quote_plus(BOB)}")
        assert found[0] == of_bob[0]
        assert [row["id"] for row in json.loads(found[2]).get("all", ())] == [
            row["id"] for row in json.loads(of_bob[2]).get("all", ())
        ]
        assert MARK not in found[2]


async def test_bob_puts_nothing_among_the_operations_of_anns_run(world: World) -> None:
    hers = world.anns["pop/progress/agenda"]["id"]
    for identity in (None, f"{hers}-mine", "mine"):
        body = {"id": identity, "customerId": BOB, "agendaProgressId": hers, "operation": "mine"}
        _, _, text = await world.bob.ask("POST", "/pop/progress/operation", body)
        assert json.loads(text)["errorResponse"]["responseCode"] == 403
        assert MARK not in text


def _but_insights(answer: dict[str, Any]) -> dict[str, Any]:
    """A list without the Insights of pools, of which the super user sees more: they have a test of their own."""
    rows = ({name: value for name, value in row.items() if name != "insightIds"} for row in answer["all"])
    return {**answer, "all": [*rows]}


async def test_what_both_have_is_found_by_each_alone(world: World) -> None:
    """The lists above are worth something: there is much to find, and the super user finds more."""
    link = "bylinkId=a+link+of+both"
    for path in ("pop/agenda", "pop/progress/agenda"):
        counts = [
            (await who.json("GET", f"/{path}?{link}&bycount=true"))["count"]
            for who in (world.ann, world.bob, world.root)
        ]
        assert counts == [2, 2, 4]
    summary = await world.bob.json("POST", "/pop/progress/agenda/service", {"linkId": "a link of both"})
    assert [row["customerId"] for row in summary["progressList"]] == [BOB, BOB]
    assert MARK not in json.dumps(summary)


async def test_who_has_no_account_finds_nothing(world: World) -> None:
    nobody = world.person("nobody")
    for path in COLLECTIONS:
        for query in ("", "?bycount=true", f"?bycustomerId={quote_plus(ANN)}"):
            found = await nobody.json("GET", f"/{path}{query}")
            assert (found["all"], found["count"]) == ([], 0)


async def test_anns_key_makes_nothing_of_anns_appear(world: World) -> None:
    body = {"customerId": ANN, "operations": [{"name": "k", "type": "t"}], "params": {"doNotRun": True}}
    hers = await world.ann.json("POST", "/pop/agenda", body, Idempotency_Key="the same")
    his = await world.bob.json("POST", "/pop/agenda", {**body, "customerId": BOB}, Idempotency_Key="the same")
    assert not hers["error"]
    assert not his["error"]
    assert hers["all"][0]["id"] not in json.dumps(his)
    assert (await world.ann.json("DELETE", f"/pop/progress/agenda/{hers['all'][0]['progressId']}"))["count"] == 1
    assert (await world.ann.json("DELETE", f"/pop/agenda/{hers['all'][0]['id']}"))["count"] == 1


async def test_whether_a_customer_is_there_is_not_told_to_others(world: World) -> None:
    for operation in ("t", "unmatched"):
        body = {"operations": [{"name": "x", "type": operation}]}
        there = await world.bob.ask("POST", "/pop/agenda", {**body, "customerId": ANN})
        nowhere = await world.bob.ask("POST", "/pop/agenda", {**body, "customerId": missing(ANN)})
        assert told(there, ANN) == told(nowhere, missing(ANN))
        create = "/pop/resourcepool/service/createAgenda"
        there = await world.bob.ask("POST", create, {"agendas": [{**body, "customerId": ANN}]})
        nowhere = await world.bob.ask("POST", create, {"agendas": [{**body, "customerId": missing(ANN)}]})
        assert told(there, ANN) == told(nowhere, missing(ANN))


async def test_bob_gets_no_work_of_anns_by_an_insight_of_his_own(world: World) -> None:
    """One in her pool and on a queue of her queue's name, open to all, that takes everything."""
    trap = {"customerId": BOB, "title": "trap", "isGlobal": True, "queueName": "shared"}
    mappers = {"operationType": ["t", "u"]}
    for identity in ("0", "trap"):
        body = {"id": identity, **trap, "resourcePoolId": world.anns["pop/resourcepool"]["id"], "mappers": mappers}
        there = await world.bob.ask("POST", "/pop/insight", body)
        pool = missing(world.anns["pop/resourcepool"]["id"])
        nowhere = await world.bob.ask("POST", "/pop/insight", {**body, "resourcePoolId": pool})
        assert told(there, body["resourcePoolId"]) == told(nowhere, pool)
    wish = {"customerId": ANN, "operations": [{"name": "x", "type": "u"}], "params": {"doNotRun": 1}}
    refused = await world.ann.json("POST", "/pop/agenda", wish)
    assert refused["errorResponse"]["description"] == "No available insights for processing agenda"
    request = {"insightId": world.bobs["pop/insight"]["id"], "count": 100}
    got = await world.bob.json("POST", "/pop/resourcepool/service/getAgenda", request)
    assert {agenda["customerId"] for agenda in got["agendas"]} <= {BOB}
    answer = await world.ann.json("GET", f"/pop/resourcepool/{world.anns['pop/resourcepool']['id']}")
    assert answer["all"][0]["insightIds"] == [world.anns["pop/insight"]["id"]]


async def test_a_pool_names_the_insights_alone_that_its_reader_may_see(world: World) -> None:
    path = f"/pop/resourcepool/{world.bobs['pop/resourcepool']['id']}"
    assert f"guest-{MARK}" in (await world.root.ask("GET", path))[2]
    found = await world.bob.json("GET", path)
    assert found["all"][0]["insightIds"] == [world.bobs["pop/insight"]["id"]]
    assert MARK not in json.dumps(await world.bob.json("PUT", path, {}))


async def test_operators_see_their_pages_and_nobody_else_does(world: World) -> None:
    status, _, text = await world.root.ask("GET", "/metrics")
    assert (status, f'agendum_ready{{insight="insight-{MARK}"}}' in text) == (200, True)
    status, _, text = await world.bob.ask("GET", "/metrics")
    assert (status, text) == (403, "")
    assert (await world.bob.ask("GET", "/metrics", Authorization=""))[0] == 401
    for page in ("/healthz", "/readyz"):
        assert MARK not in (await world.bob.ask("GET", page, Authorization=""))[2]
