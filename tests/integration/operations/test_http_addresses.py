"""Which addresses `http` does not call, whatever they look like and however they are come by."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from handlers.executor.operations.addresses import AddressRefused
from handlers.executor.operations.http import http
from handlers.executor.operations.task import OperationFailed
from tests.integration.operations.servers import answer, serving
from tests.tasks import task


class Names(AbstractResolver):
    """A DNS that answers one thing after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = [*answers]

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002  # the interface
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        kinds = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in found]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=kind, proto=0, flags=0)
            for one, kind in zip(found, kinds, strict=True)
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "169.254.43518",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376",
        "169。254。169。254",
        "①⑥⑨.254.169.254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[febf::1]",
        "[fd00:ec2::254]",
        "0.0.0.0",
        "0",
        "0.1.2.3",
        "[::]",
        "[::ffff:0.0.0.0]",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "[::g]",
    ],
)
async def test_an_address_in_the_url_is_refused_in_any_form(host: str) -> None:
    with pytest.raises(AddressRefused, match="expected a public, private or loopback address"):
        await http()(task({"url": f"http://{host}/", "retries": 0, "timeoutSeconds": 2}))


@pytest.mark.parametrize(
    "addresses", [["169.254.169.254"], ["127.0.0.1", "fe80::1%2"], ["::ffff:169.254.169.254"], ["0.0.0.0"]]
)
async def test_a_name_of_which_an_address_is_refused_is_refused(addresses: list[str]) -> None:
    async with serving(answer(1)) as server:
        with pytest.raises(AddressRefused, match=r"found cloud\.test \("):
            await http(resolver=Names(addresses))(task({"url": server.url(host="cloud.test")}))
        assert not server.asked


async def test_a_name_that_changes_its_mind_between_two_tries_is_refused_then() -> None:
    async with serving(answer(1, 503)) as server:
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        with pytest.raises(AddressRefused):
            await http(resolver=names, backoff=0.001)(task({"url": server.url(host="cloud.test")}))
        assert len(server.asked) == 1
        assert names.asked == ["cloud.test"] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "cloud.test"])
async def test_loopback_is_called_by_address_and_by_name(host: str) -> None:
    async with serving(answer(1)) as server:
        resolver = Names(["127.0.0.1"]) if host == "cloud.test" else None
        assert await http(resolver=resolver)(task({"url": server.url(host=host)})) == 1


async def test_what_is_refused_is_called_where_that_is_allowed() -> None:
    async with serving(answer(1)) as server:
        assert await http(allow_link_local=True)(task({"url": server.url(host="0.0.0.0")})) == 1


async def test_a_proxy_of_the_environment_is_no_way_around(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answer(1)) as server:
        monkeypatch.setenv("http_proxy", server.url())
        with pytest.raises(OperationFailed):
            await http()(task({"url": "http://169.254.169.254/"}))
        assert not server.asked
