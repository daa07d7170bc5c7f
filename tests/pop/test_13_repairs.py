"""Quirks of POP's that we repaired (spec 13)."""

import asyncio

import pytest

from tests.wire import Client, error_of

pytestmark = pytest.mark.kafka


class TestRepairs:
    """13 Quirks that are repaired."""

    async def test_an_expired_dispatch_is_handed_out_again_and_supersedes(self, client: Client) -> None:
        agenda = await client.submit()
        assert (await client.pull())["agendas"]
        async with asyncio.timeout(15):  # the dispatch timeout is 5 s here
            while not (await client.pull())["agendas"]:
                pass
        assert (await client.report(agenda["progressId"], 1))["error"] is False
        superseded = await client.report(agenda["progressId"], 2)
        assert error_of(superseded) == ("ConflictException", 409)
