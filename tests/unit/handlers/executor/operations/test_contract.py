"""What a POP handler is started with: what fits the environment, and what comes in files."""

import json
import random
from typing import Any

import pytest

from handlers.client.objects import OperationProgress
from handlers.executor.operations.contract import contract, without_files
from handlers.executor.operations.task import OperationFailed
from tests.tasks import task

LOCAL = ["-launchType", "local", "-externalLaunchType", "local"]
NOISE = random.Random(1).randbytes(1_500_000).hex()


def test_what_is_short_is_in_the_environment_alone() -> None:
    told = contract(task({"a": 1}, prior=OperationProgress(operation="op")), {"PATH": "/bin"}, {"K": "V"})
    assert told.files == {}
    assert told.arguments("/there/") == LOCAL
    assert told.environment[b"PAYLOAD"] == b'{"a":1}'
    assert told.environment[b"LAST_PROGRESS"] == b'{"operation":"op"}'
    assert (told.environment[b"PATH"], told.environment[b"K"]) == (b"/bin", b"V")


@pytest.mark.parametrize("own", [None, "", "C", "POSIX"])
def test_a_program_that_nobody_told_which_letters_there_are_is_told_all_of_them(own: str | None) -> None:
    known = {"PATH": "/bin"} if own is None else {"LANG": own}
    assert contract(task(), known, {}).environment[b"LANG"] == b"C.UTF-8"
    assert contract(task(), known, {"LANG": "de_DE"}).environment[b"LANG"] == b"de_DE"
    assert contract(task(), {"LANG": "en_US.UTF-8"}, {}).environment[b"LANG"] == b"en_US.UTF-8"
    assert b"LANG" not in contract(task(), {}, {}).environment, "a container has its own"


@pytest.mark.parametrize(
    ("payload", "kind"), [("x" * 100_000, b"compressedEnvVar"), (NOISE, None)], ids=["compressible", "noise"]
)
def test_a_long_payload_is_in_a_file_and_compressed_if_it_fits(payload: Any, kind: bytes | None) -> None:
    told = contract(task(payload), {}, {})
    assert json.loads(told.files["payload.json"]) == payload
    assert told.arguments("/there/") == [*LOCAL, "-payloadFile", "/there/payload.json"]
    assert told.environment.get(b"POP_PAYLOAD_TYPE") == kind
    assert b"PAYLOAD" not in told.environment


def test_a_long_earlier_progress_is_in_a_file() -> None:
    told = contract(task(1, prior=OperationProgress(params={"x": "y" * 100_000})), {}, {})
    assert told.arguments("/") == [*LOCAL, "-lastProgressFile", "/last-progress.json"]
    assert b"LAST_PROGRESS" not in told.environment


def test_an_image_without_argv_can_be_told_only_what_fits_an_environment() -> None:
    without_files(contract(task("x" * 200_000), {}, {}), "encode:1")
    with pytest.raises(OperationFailed, match=f"as encode:1 has no argv, found {len(NOISE) + 2} bytes"):
        without_files(contract(task(NOISE), {}, {}), "encode:1")
