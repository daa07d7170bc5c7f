"""`logMessages` logs (spec 10.4)."""

import logging
from typing import Any

import pytest

from handlers.executor.operations.log_messages import log_messages
from handlers.executor.operations.task import OperationFailed
from tests.tasks import task


async def run(payload: Any) -> Any:
    handler: Any = log_messages
    return await handler(task(payload))


async def test_it_logs_each_message_as_it_is_and_answers_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert await run({"logMessages": ["one", "100 %s"]}) is None
    assert [record.getMessage() for record in caplog.records] == ["one", "100 %s"]
    assert {record.__dict__["operation"] for record in caplog.records} == {"op"}


async def test_no_messages_are_none(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await run({"logMessages": []})
    assert not caplog.records


@pytest.mark.parametrize("payload", [None, {}, [], "text", {"logMessages": None}, {"logMessages": "text"}])
async def test_a_payload_without_messages_fails(payload: Any) -> None:
    with pytest.raises(OperationFailed, match=r"expected payload\.logMessages to be a list of texts, found "):
        await run(payload)
