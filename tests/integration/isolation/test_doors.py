"""The other ways in: the inbox, the workers' own listener and headers, bad tokens; and where tokens must not be."""

import asyncio
import importlib
import json
import pkgutil
from typing import Any

import aiohttp
import msgspec
import pytest
from confluent_kafka import Producer

import handlers
from eventstore.kafka.log import KafkaLog
from eventstore.topics import Topics
from handlers.clock import draw, now
from handlers.inbox.meaning import CANCEL, REPORT, SUBMIT
from handlers.inbox.rejections import CommandRejected, read_rejection
from handlers.routing.hops import SECRET_HEADER, Hop
from handlers.routing.snapshots import OWNERS, SNAPSHOT
from tests.conftest import Broker
from tests.integration.isolation.probes import missing
from tests.integration.isolation.world import ANN, BOB, MARK, SECRET, World
from tests.integration.test_inbox import until
from tests.issuer import Key, key_set
from tests.wire import raw

pytestmark = pytest.mark.kafka
UNAUTHORIZED = '{"message":"Unauthorized"}'


def hop_paths() -> set[str]:
    """Every path of the internal listener: of each hop that any module of ours knows, and the snapshot's."""
    modules = (importlib.import_module(found.name) for found in pkgutil.walk_packages(handlers.__path__, "handlers."))
    hops = (value for module in modules for value in vars(module).values() if isinstance(value, Hop))
    return {hop.path for hop in hops} - {OWNERS.path} | {SNAPSHOT}


async def posted(url: str, body: Any = 0, **headers: str) -> tuple[int, str]:
    """Status and text of a POST that any hop could be."""
    async with aiohttp.ClientSession() as session:  # noqa: SIM117  # one line each
        async with session.post(url, data=msgspec.msgpack.encode(body), headers=headers) as answer:
            return answer.status, await answer.text(errors="replace")


class TestWorkers:
    """Calls between workers (design 4.5)."""

    async def test_the_internal_listener_refuses_whoever_has_not_the_secret(self, world: World) -> None:
        inside = f"http://127.0.0.1:{world.worker.internal}"
        paths = hop_paths()
        assert {"/command", "/query", "/pull", "/snapshot", "/rows"} <= paths
        for path in paths:
            for headers in (
                {},
                {SECRET_HEADER: ""},
                {SECRET_HEADER: "agendum"},
                {SECRET_HEADER: SECRET + " x"},
                {"Authorization": f"Bearer {world.root.token}"},
            ):
                assert await posted(inside + path, **headers) == (403, "expected the workers' shared secret"), path
            assert (await posted(inside + path, **{SECRET_HEADER: SECRET}))[0] != 403  # there is something to refuse
        assert (await posted(inside + "/pop/agenda", Authorization=world.root.token))[0] == 404

    async def test_a_secret_in_other_bytes_is_a_wrong_one(self, world: World) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.worker.internal)
        writer.write(b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nAgendum-Secret: \xff\xfe\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 403")
        writer.close()

    async def test_on_the_public_listener_the_secret_opens_nothing(self, world: World) -> None:
        secret = {SECRET_HEADER: SECRET}
        for path in [*hop_paths(), "/pop/agenda", "/pop/resourcepool/service/getAgenda"]:
            assert await posted(world.worker.url + path, **secret) == (401, UNAUTHORIZED)
        for path in hop_paths():
            asked = {**secret, "Authorization": world.bob.token}
            assert await posted(world.worker.url + path, **asked) == (405, "")
        plain = await world.bob.ask("GET", "/pop/agenda")
        assert await world.bob.ask("GET", "/pop/agenda", **secret) == plain
        assert MARK not in plain[2]

    async def test_the_owners_are_told_to_workers_alone(self, world: World) -> None:
        url = world.worker.url + OWNERS.path
        assert (await posted(url, Authorization=world.root.token))[0] == 403
        assert (await posted(url, None, **{SECRET_HEADER: SECRET}))[0] == 200


class TestTokens:
    """Bad ones are refused, and none is ever written down."""

    async def test_every_bad_token_is_a_401_that_does_not_say_why(self, world: World) -> None:
        good = {"accounts": [ANN]}
        bad = {
            "expired": world.key.token(exp=now() // 1000 - 600, **good),
            "issuer": world.key.token(iss="https://other.test", **good),
            "audience": world.key.token(aud="other", **good),
            "claims": world.key.token(exp=None, **good),
            "signature": Key("now", "EdDSA").token(**good),
            "unknown_key": Key("never").token(**good),
            "malformed": "dummy-value",
        }
        before = (await world.root.ask("GET", "/metrics"))[2]
        for token in bad.values():
            status, headers, text = await world.with_token(token).ask(
                "GET", f"/pop/agenda/{world.anns['pop/agenda']['id']}"
            )
            assert (status, text, headers["Content-Type"]) == (401, UNAUTHORIZED, "application/json")
        after = (await world.root.ask("GET", "/metrics"))[2]
        for reason in bad:
            counted = f'agendum_http_refused_total{{reason="{reason}"}}'
            assert (counted in before, counted in after) in ((False, True), (True, True)), reason
            assert f"reason='{reason}'" in world.worker.log.read_text(), reason

    async def test_a_token_of_a_new_key_is_good_at_once_and_one_of_an_old_key_no_more(self, world: World) -> None:
        kept = world.keys.read_bytes()
        later = Key("later", "ES256")
        person = world.with_token(later.token(sub="ann", exp=(1 << 33), accounts=[ANN]))
        try:
            world.keys.write_bytes(key_set(world.key.public(), later.public()))
            await until(lambda: _is_let_in(person), "the new key")
            assert (await world.ann.ask("GET", "/pop/agenda"))[0] == 200
        finally:
            world.keys.write_bytes(kept)
        stranger = world.with_token(Key("stranger").token())

        async def forgotten() -> bool:
            await stranger.ask("GET", "/pop/agenda")  # a key that is not known makes the worker look
            return not await _is_let_in(person)

        await until(forgotten, "the old key's end")


async def _is_let_in(person: Any) -> bool:
    return bool((await person.ask("GET", "/pop/agenda"))[0] == 200)


async def _topics(kafka: Broker, prefix: str) -> dict[str, str]:
    """Everything that stands in every topic of a worker."""
    topics = Topics(prefix).all()
    log = KafkaLog(kafka.bootstrap, {topic.name: topic.partitions for topic in topics})
    await log.start()
    found: dict[str, str] = {}
    try:
        for topic in topics:
            text = b""
            for number, end in (await log.ends(topic.name)).items():
                async for records in log.read(topic.name, number, 0, end):
                    for record in records:
                        text += (record.key or b"") + repr(record.headers).encode() + (record.value or b"")
            found[topic.name] = text.decode(errors="replace")
    finally:
        await log.stop()
    return found


class TestInbox:
    """The topic may speak for Bob alone here."""

    @pytest.fixture(params=[SUBMIT, "reuse", REPORT, "when", CANCEL])
    def commands(self, request: pytest.FixtureRequest, world: World) -> tuple[str, str, Any, str, Any]:
        """A type, an id of Ann's with the body about it, and one of nothing."""
        operations = [{"name": "x", "type": "t"}]
        run, agenda = world.anns["pop/progress/agenda"]["id"], world.anns["pop/agenda"]["id"]
        bodies: dict[str, tuple[str, str, Any]] = {
            SUBMIT: (SUBMIT, ANN, lambda one: {"customerId": one, "operations": operations}),
            "reuse": (SUBMIT, run, lambda one: {"customerId": BOB, "operations": operations, "progressId": one}),
            REPORT: (REPORT, run, lambda one: {"agendaProgress": {"id": one, "processingState": "COMPLETE"}}),
            "when": (REPORT, run, lambda one: {"agendaProgress": {"id": one, "startedTime": "when?"}}),
            CANCEL: (CANCEL, agenda, lambda one: {"agendaId": one}),
        }
        kind, hers, body = bodies[request.param]
        none = missing(hers)
        return kind, hers, body(hers), none, body(none)

    async def test_a_command_about_anns_object_is_refused_as_one_about_nothing(
        self, world: World, kafka: Broker, commands: tuple[str, str, Any, str, Any]
    ) -> None:
        kind, hers, there, none, nowhere = commands
        before = await world.root.json("GET", f"/pop/progress/agenda/{world.anns['pop/progress/agenda']['id']}")
        found, twin = [await _refusal(kafka, world.prefix, kind, body) for body in (there, nowhere)]
        assert (found.reason, found.code) == (twin.reason, twin.code)
        assert found.message.replace(hers, "<id>") == twin.message.replace(none, "<id>")
        assert MARK not in found.message.replace(hers, "")
        after = await world.root.json("GET", f"/pop/progress/agenda/{world.anns['pop/progress/agenda']['id']}")
        assert before == after


async def _refusal(kafka: Broker, prefix: str, kind: str, body: Any) -> CommandRejected:
    identity = draw()
    said = {"ce_specversion": "1.0", "ce_type": kind, "ce_id": identity, "ce_source": "test"}
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    headers: Any = [(name, text.encode()) for name, text in said.items()]
    producer.produce(Topics(prefix).inbox.name, key=b"k", value=json.dumps(body).encode(), headers=headers)
    assert producer.flush(60) == 0
    name = Topics(prefix).rejections.name
    log = KafkaLog(kafka.bootstrap, {topic.name: topic.partitions for topic in Topics(prefix).all()})
    await log.start()

    async def there() -> CommandRejected | None:
        async for records in log.read(name, 0, 0, (await log.ends(name))[0]):
            for rejected in map(read_rejection, records):
                if ("ce_id", identity.encode()) in rejected.headers:
                    return rejected
        return None

    try:
        found: CommandRejected = await until(there, "a rejection")
        return found
    finally:
        await log.stop()


class TestBrowsers:
    """CORS, as in spec 2.3."""

    @pytest.fixture
    def always(self) -> dict[str, str]:
        return {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Allow-Headers": "X-pop-cid,origin,accept,Content-Type,Authorization,Referer,User-Agent",
        }

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/pop/agenda", 200),
            ("GET", "/pop/agenda?bylimit=x", 400),
            ("POST", "/pop/agenda/service/cancel", 200),
            ("PATCH", "/pop/agenda", 405),
            ("GET", "/pop/transform", 405),
            ("OPTIONS", "/pop/agenda", 200),
        ],
    )
    async def test_every_answer_may_be_read_by_a_page_from_anywhere(
        self, world: World, always: dict[str, str], method: str, path: str, status: int
    ) -> None:
        for origin in ({}, {"Origin": "https://page.test"}):
            found, headers, _ = await world.bob.ask(method, path, **origin)
            assert found == status
            assert always.items() <= headers.items()
            assert "Access-Control-Allow-Origin" in headers["Access-Control-Expose-Headers"].split(",")
            assert {"GET", "OPTIONS"} <= {*headers["Access-Control-Allow-Methods"].split(",")}

    async def test_a_refusal_may_be_read_too(self, world: World, always: dict[str, str]) -> None:
        status, headers, text = await world.bob.ask("GET", "/pop/agenda", Authorization="")
        assert (status, text) == (401, UNAUTHORIZED)
        assert always.items() <= headers.items()

    async def test_a_browser_asks_beforehand_without_a_token(self, world: World) -> None:
        head = (
            b"OPTIONS /dev/pop/agenda HTTP/1.1\r\nHost: x\r\nOrigin: https://page.test\r\n"
            b"Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: authorization,x-pop-cid\r\n\r\n"
        )
        (answer,) = await raw(world.worker, head)
        assert answer.startswith(b"HTTP/1.1 200")
        allowed = next(line for line in answer.split(b"\r\n") if line.startswith(b"Access-Control-Allow-Methods: "))
        assert {b"PUT", b"GET", b"OPTIONS", b"POST", b"DELETE"} <= {*allowed.partition(b": ")[2].split(b",")}


class TestTraces:
    """After all of the above: what a worker wrote."""

    async def test_a_token_is_nowhere_in_what_a_worker_writes(self, world: World, kafka: Broker) -> None:
        everyone = [world.root, world.ann, world.bob]
        for person in everyone:
            await person.ask("POST", "/pop/agenda", {"customerId": ANN, "operations": [{"name": "x"}]})
            await person.ask("POST", "/pop/agenda", 7)
            await person.ask("PATCH", "/pop/agenda")
            await person.ask("GET", "/pop/agenda?bylimit=x")
        wrong = b"GET /pop/agenda HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n"
        lines = (b"Authorization : Bearer ", b"Authorization: Bearer \x00", b"Authorization\x00: ", b"\xff: ")
        for line in lines:
            reader, writer = await asyncio.open_connection("127.0.0.1", world.worker.port)
            writer.write(wrong % (line + world.bob.token.encode()))
            writer.write_eof()
            world.answers.append((await asyncio.wait_for(reader.read(), 60)).decode(errors="replace"))
            writer.close()
        written = {
            "its log": world.worker.log.read_text(errors="replace"),
            "its answers": "\n".join(world.answers),
            "its metrics": (await world.root.ask("GET", "/metrics"))[2],
            **await _topics(kafka, world.prefix),
        }
        assert all(len(text) > 100 for text in written.values())
        parts = {part for token in world.tokens for part in token.split(".")[1:] if len(part) > 20}
        assert len(parts) > 10
        parts.add(SECRET)  # it came with every hop, and with what tried to be one
        for name, text in written.items():
            assert [part for part in parts if part in text] == [], name
