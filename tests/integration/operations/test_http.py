"""`http` against real servers: what is sent, when again, and what of the answer counts."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from handlers.client.objects import OperationProgress
from handlers.executor.operations.http import http, http_operation
from handlers.executor.operations.task import OperationFailed
from tests.integration.operations.servers import Server, answer, broken, names, serving
from tests.tasks import task

quick = http(backoff=0.001)


async def ask(server: Server, path: str = "/", **payload: Any) -> Any:
    return await quick(task({"url": server.url(path), **payload}))


async def fails(server: Server, path: str = "/", **payload: Any) -> OperationFailed:
    with pytest.raises(OperationFailed) as failed:
        await ask(server, path, **payload)
    return failed.value


async def test_the_json_that_is_answered_is_the_result() -> None:
    async with serving(answer({"a": [1]})) as server:
        assert await http_operation(task({"url": server.url("/x?q=1")})) == {"a": [1]}
    assert [(one.method, one.path, one.body) for one in server.asked] == [("GET", "/x?q=1", b"")]


async def test_a_text_that_is_answered_is_the_result() -> None:
    async with serving(web.Response(body="grün".encode("latin-1"), content_type="text/plain", charset="latin-1")) as s:
        assert await ask(s) == "grün"


async def test_an_answer_without_a_body_is_no_result() -> None:
    async with serving(web.Response(status=204)) as server:
        assert await ask(server, method="DELETE") is None


async def test_a_pointer_finds_the_result_in_the_json_whatever_it_is_called() -> None:
    async with serving(web.Response(text='{"a/b": [1, {"c": null}]}')) as server:
        assert await ask(server, resultPointer="/a~1b/1") == {"c": None}
        assert await ask(server, resultPointer="/a~1b/1/c") is None


@pytest.mark.parametrize("pointer", ["/b", "/a/-", "/a/2", "/a/x"])
async def test_a_pointer_to_nothing_fails_the_operation(pointer: str) -> None:
    async with serving(answer({"a": [1]})) as server:
        failed = await fails(server, resultPointer=pointer)
    assert str(failed).startswith(f"expected something at {pointer}")
    assert failed.details == {"status": 200, "body": '{"a": [1]}'}


async def test_json_that_is_none_fails_the_operation() -> None:
    async with serving(web.Response(text="{", content_type="application/problem+json")) as server:
        assert str(await fails(server)).startswith("expected the answer to be JSON")


async def test_a_json_body_goes_out_as_json_and_a_text_as_it_is() -> None:
    async with serving(answer(None)) as server:
        await ask(server, method="PUT", body={"a": "ü"})
        await ask(server, method="PUT", body="ü")
        await ask(server, method="PUT", body="<a/>", headers={"content-type": "text/xml", "X": "1"})
    assert [one.body.decode() for one in server.asked] == ['{"a":"ü"}', "ü", "<a/>"]
    assert names(server.asked, "Content-Type") == ["application/json", "text/plain; charset=utf-8", "text/xml"]
    assert names(server.asked, "X") == [None, None, "1"]


async def test_another_status_fails_the_operation_with_what_was_said() -> None:
    async with serving(answer({"why": "no"}, 404)) as server:
        failed = await fails(server)
    assert str(failed) == "expected status 2xx, found 404"
    assert failed.details == {"status": 404, "body": '{"why": "no"}'}
    assert len(server.asked) == 1


async def test_a_status_that_is_expected_is_a_success() -> None:
    async with serving(answer("gone", 503)) as server:
        assert await ask(server, expectedStatus=[404, 503]) == "gone"
        assert len(server.asked) == 1


async def test_a_status_that_is_not_expected_fails_though_it_is_2xx() -> None:
    async with serving(answer("ok")) as server:
        assert str(await fails(server, expectedStatus=[201, 202])) == "expected status 201 or 202, found 200"


async def test_a_redirect_is_a_status_like_any_other() -> None:
    async with serving(web.Response(status=302, headers={"Location": "/other"})) as server:
        assert str(await fails(server)) == "expected status 2xx, found 302"
        assert await ask(server, expectedStatus=[302], method="HEAD") is None
    assert {one.path for one in server.asked} == {"/"}


@pytest.mark.parametrize("first", [answer(1, 502), answer(1, 503), answer(1, 504), answer(1, 429), broken])
async def test_what_may_pass_is_tried_again_under_the_same_key(first: Any) -> None:
    async with serving(first, first, answer("done")) as server:
        assert await ask(server, method="DELETE") == "done"
    assert names(server.asked, "Idempotency-Key") == ["p1-op-1"] * 3


async def test_tries_come_to_an_end() -> None:
    async with serving(answer(1, 503)) as server:
        assert str(await fails(server, retries=2)) == "expected status 2xx, found 503"
    assert len(server.asked) == 3


async def test_a_post_is_not_sent_again_unless_the_payload_says_so() -> None:
    async with serving(answer(1, 503), answer(2, 503), answer("done")) as server:
        await fails(server, method="POST", body={})
        assert len(server.asked) == 1
        assert await ask(server, method="POST", body={"n": 1}, retryUnsafe=True) == "done"
    assert [one.body for one in server.asked[1:]] == [b'{"n":1}'] * 2


async def test_the_next_attempt_of_an_operation_has_another_key() -> None:
    prior = OperationProgress(operation="op", attempt_count=1)
    async with serving(answer(1)) as server:
        await quick(task({"url": server.url()}, prior=prior))
        await quick(task({"url": server.url()}, name="ö\r\n/p"))
    assert names(server.asked, "Idempotency-Key") == ["p1-op-2", "p1-%C3%B6%0D%0A%2Fp-1"]


async def test_a_key_that_is_given_is_kept() -> None:
    async with serving(answer(1)) as server:
        await ask(server, headers={"idempotency-key": "mine"})
    assert names(server.asked, "Idempotency-Key") == ["mine"]


async def test_retry_after_is_waited_for_and_not_longer_than_the_limit() -> None:
    loop = asyncio.get_running_loop()
    async with serving(answer(1, 503, Retry_After="1"), answer(2)) as server:
        begun = loop.time()
        await ask(server)
        assert loop.time() - begun >= 1.0
    async with serving(answer(1, 503, Retry_After="1000"), answer(2)) as server, asyncio.timeout(60):
        await http(longest_wait=0.01)(task({"url": server.url()}))


async def test_a_try_that_takes_too_long_is_given_up() -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1000)
        raise AssertionError

    async with serving(slow) as server, asyncio.timeout(60):
        failed = await fails(server, timeoutSeconds=1, retries=1)
    assert str(failed) == f"expected an answer of {server.url()} within 1 s, found none"
    assert len(server.asked) == 2


async def test_a_server_that_is_not_there_fails_the_operation() -> None:
    async with serving(answer(1)) as server:
        pass
    failed = await fails(server, "/x?token=secret", retries=1)
    assert str(failed).startswith(f"expected an answer of {server.url('/x')}, found ClientConnectorError")
    assert "secret" not in str(failed)


async def test_a_body_over_its_limit_fails_the_operation() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_compression(web.ContentCoding.deflate)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 1_000_000)

    async with serving(endless) as server:
        assert str(await fails(server)) == "expected a body of at most 1048576 bytes, found a longer one"
    assert len(server.asked) == 1
    async with serving(web.Response(body=b"x" * 1024 * 1024)) as server:
        assert len(await ask(server)) == 1024 * 1024


async def test_a_header_that_no_http_carries_fails_the_operation() -> None:
    async with serving(answer(1)) as server:
        assert "expected to call" in str(await fails(server, headers={"X": "a\r\nY: b"}))
    assert not server.asked


async def test_a_cancellation_ends_the_request() -> None:
    arrived, left = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        arrived.set()
        try:
            await asyncio.sleep(1000)
        finally:
            left.set()
        raise AssertionError

    runner = web.AppRunner(web.Application(), handler_cancellation=True)
    runner.app.router.add_get("/", slow)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running = asyncio.ensure_future(quick(task({"url": f"http://127.0.0.1:{runner.addresses[0][1]}/"})))
    await arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with asyncio.timeout(60):
        await left.wait()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (None, "expected the payload of an http operation: Expected `object`, got `null`"),
        ({}, "Object missing required field `url`"),
        ({"url": "http://h/", "expectedstatus": [1]}, "unknown field `expectedstatus`"),
        ({"url": "http://h/", "retries": -1}, "at `$.retries`"),
        ({"url": "http://h/", "timeoutSeconds": 0}, "at `$.timeoutSeconds`"),
        ({"url": "http://h/", "method": "CONNECT"}, "at `$.method`"),
        ({"url": "http://h/", "resultPointer": "a"}, "expected payload.resultPointer to be a JSON pointer"),
        ({"url": "http://h:99999/"}, "expected payload.url to be a URL"),
        ({"url": "file:///etc/passwd"}, "expected payload.url to begin with http:// or https:// and a host"),
        ({"url": "ftp://u:secret@h/"}, "and a host, found ftp://h/"),
        ({"url": "/x"}, "and a host, found '/x'"),
    ],
)
async def test_a_payload_with_a_mistake_fails_and_names_it(payload: Any, said: str) -> None:
    with pytest.raises(OperationFailed) as failed:
        await quick(task(payload))
    assert said in str(failed.value)


async def test_what_a_payload_says_with_null_is_not_said() -> None:
    async with serving(answer(1)) as server:
        nothing: dict[str, Any] = json.loads('{"method": null, "retries": null, "headers": null, "body": null}')
        assert await ask(server, **nothing) == 1
