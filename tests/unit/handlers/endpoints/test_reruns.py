"""What the params of a rerun ask for (spec 8.1)."""

from typing import Any

import pytest

from eventstore.commands import RerunAgenda
from handlers.endpoints.reruns import rerunning
from handlers.intake.origin import Origin
from handlers.wire.calls import Rerun
from tests.builders import ALICE
from tests.ciphers import RandomisingCipher

ORIGIN = Origin(ALICE, identity=lambda part, n: f"{part}-{n}", correlation="cid")


def asked(*params: str | None) -> RerunAgenda:
    wanted = Rerun(agenda_id="a1", params=[*params])
    return rerunning(wanted, ORIGIN, stream="r1", customer="alice", cipher=RandomisingCipher(), digest="d")


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ([], {"operations": None, "resets_all": False, "continues": False, "skips_execution": False}),
        (["resetAll"], {"resets_all": True}),
        (["resetAll=false"], {"resets_all": True}),
        (["skipExecution", "continue=null"], {"skips_execution": True, "continues": True}),
        (["CONTINUE", "resetall", "", None, "unknown=1"], {"continues": False, "resets_all": False}),
        (["operationsToReset=a,,b , a"], {"operations": ["a", "b"]}),
        (["operationsToReset=a=b"], {"operations": ["a=b"]}),
        (["operationsToReset=a", "operationsToReset=b"], {"operations": ["a", "b"]}),
        (["operationsToReset="], {"operations": []}),
        (["operationsToReset"], {"operations": []}),
    ],
)
def test_params_are_names_with_or_without_values(params: list[str | None], fields: dict[str, Any]) -> None:
    command = asked(*params)
    assert {name: getattr(command, name) for name in fields} == fields


def test_it_is_remembered_by_its_digest_and_brings_an_empty_result_sealed() -> None:
    command = asked()
    assert (command.request, command.id, command.stream) == ("d", "command-0", "r1")
    assert RandomisingCipher().open("alice", command.result) == b'"{}"'
    assert (
        rerunning(Rerun(), ORIGIN, stream="r", customer="c", cipher=RandomisingCipher(), digest="d").operations is None
    )
