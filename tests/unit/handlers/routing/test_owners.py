"""Owners as schedulers see them: each dispatch is decided by itself."""

from types import SimpleNamespace
from typing import Any

from eventstore.commands import DispatchAgenda
from eventstore.errors import Conflict, OutcomeUnknown
from handlers.routing.owners import LiveOwners
from projections.views import Answer


def dispatch(number: int) -> DispatchAgenda:
    return DispatchAgenda(
        id=f"d{number}",
        stream=f"r{number}",
        agenda_id=f"a{number}",
        dispatch_id=f"d{number}",
        attempt=0,
        queue="q",
        insight_id="i",
        epoch=0,
        number=number,
        algorithm="FirstInFirstOut",
        deadline=0,
        patience=0,
    )


def owners_of(decide: Any) -> LiveOwners:
    nothing: Any = None
    return LiveOwners(
        me="me",
        owners=dict,
        partitions=1,
        board=nothing,
        path=SimpleNamespace(decide=decide),  # type: ignore[arg-type]  # all that is asked of it
        hops=nothing,
        command=nothing,
    )


async def test_a_run_that_makes_the_decision_fail_takes_no_other_dispatch_with_it() -> None:
    """The others are in the log by then: whoever loses their answers loses the agendas until they expire."""

    async def decide(command: DispatchAgenda) -> Answer:
        if command.number == 1:
            raise KeyError("a fault of ours")
        if command.number == 2:
            raise Conflict("no longer ready")
        return Answer(added={command.agenda_id: 5})

    found = await owners_of(decide).dispatch_here([dispatch(number) for number in range(4)])
    assert [type(each) for each in found] == [Answer, OutcomeUnknown, Conflict, Answer]
