"""`sample` does what its payload says (spec 10.6)."""

import asyncio
import logging
from typing import Any

import pytest

from handlers.executor.operations.sample import sample
from handlers.executor.operations.task import OperationFailed
from tests.tasks import Said, task


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that went by without passing."""
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", nap)
    return naps


def act(action: str, **settings: Any) -> dict[str, Any]:
    return {"action": action, "paramsMap": settings}


@pytest.mark.parametrize("payload", [None, {}, {"actions": None, "resultPayload": None}, {"actions": []}])
async def test_without_anything_to_do_it_answers_nothing(payload: Any) -> None:
    assert await sample(task(payload)) is None


@pytest.mark.parametrize("result", [{"a": [1]}, "text", 0, False])
async def test_it_answers_what_its_payload_says(result: Any) -> None:
    assert await sample(task({"resultPayload": result, "unknown": 1})) == result


async def test_it_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await sample(task({"actions": [act("log", logMessage="hello"), act("log", logMessage="again")]}))
    assert [record.getMessage() for record in caplog.records] == ["hello", "again"]


async def test_it_fails_where_its_payload_says_so_and_does_nothing_after_it(slept: list[float]) -> None:
    actions = [act("exception", exceptionMessage="as asked"), act("log", sleepMilliseconds=5000)]
    with pytest.raises(OperationFailed, match=r"^as asked$"):
        await sample(task({"actions": actions}))
    assert slept == []


async def test_a_failure_without_a_message_says_exception() -> None:
    with pytest.raises(OperationFailed, match=r"^exception$"):
        await sample(task({"actions": [{"action": "exception", "paramsMap": None}]}))


async def test_it_sleeps_the_milliseconds_that_are_said_and_says_each_second_how_far_it_is(slept: list[float]) -> None:
    said: Said = []
    actions = [act("log", sleepMilliseconds=250), act("log", sleepMilliseconds="2500")]
    await sample(task({"actions": actions}, said=said))
    assert slept == [0.25, 1.0, 1.0, 0.5]
    assert said == [(50.0, None, None)] * 2


@pytest.mark.parametrize("milliseconds", [0, -5, None])
async def test_it_does_not_sleep_for_nothing(slept: list[float], milliseconds: int | None) -> None:
    await sample(task({"actions": [act("log", sleepMilliseconds=milliseconds)]}))
    assert slept == []


async def test_an_external_program_is_not_executed() -> None:
    assert await sample(task({"actions": [act("externalExecute", externalArgs=["x"])]})) is None


async def test_an_unknown_action_fails() -> None:
    with pytest.raises(OperationFailed, match="expected an action log, exception or externalExecute, found 'dance'"):
        await sample(task({"actions": [act("dance")]}))


@pytest.mark.parametrize(
    "payload", ["text", [1], {"actions": {}}, {"actions": [{}]}, {"actions": [act("log", sleepMilliseconds="x")]}]
)
async def test_a_payload_of_another_shape_fails(payload: Any) -> None:
    with pytest.raises(OperationFailed, match="Failed to translate payload to SampleInput"):
        await sample(task(payload))
