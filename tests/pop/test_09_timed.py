"""Timed processes: retry, reclaiming, reaping (spec 9)."""

import asyncio
from typing import Any

import pytest

from tests.wire import Client

pytestmark = pytest.mark.kafka


class TestRetry:
    """9.1 Retry."""

    async def test_a_failed_run_is_given_out_again_until_its_attempts_are_used_up(self, client: Client) -> None:
        agenda = await client.submit("x", params={"maximumAttempts": 2})
        for started in (1, 2):
            found: Any = {"agendas": []}
            async with asyncio.timeout(20):
                while not found["agendas"]:
                    found = await client.pull()
            end = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
            await client.report(agenda["progressId"], started, **end)
        progress = await client.progress(agenda["progressId"])
        assert (progress["attemptsCompleted"], progress["processingStateMessage"]) == (2, "failed")

    async def test_a_failure_that_is_put_is_given_out_again(self, client: Client) -> None:
        agenda = await client.submit("x", params={"maximumAttempts": 2})
        await client.pull()
        failed = {"processingState": "COMPLETE", "processingStateMessage": "failed"}
        await client.ask("PUT", f"/pop/progress/agenda/{agenda['progressId']}", failed)
        async with asyncio.timeout(20):
            while not (found := (await client.pull())["agendas"]):
                pass
        assert found[0]["id"] == agenda["id"]
