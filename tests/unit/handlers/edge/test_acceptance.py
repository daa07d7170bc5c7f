"""A report on a run whose id was used before, by another customer, at an edge that did not hear of that."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from eventstore.commands import RunCommand, SaveProgress
from eventstore.errors import SealedForAnother
from eventstore.model import AgendaProgress
from handlers.edge.acceptance import take_report
from handlers.edge.customers import Customers
from handlers.intake.origin import Origin
from handlers.wire.calls import UpdateProgress
from handlers.wire.requests import OpenProgress
from projections.queries.answers import answer
from projections.views import Answer, ById
from tests import builders as b
from tests.ciphers import RandomisingCipher
from tests.unit.handlers.command_path.test_runs import beginning

CIPHER = RandomisingCipher()


class Service:
    """One owner, and edges that remember by themselves whose a run is."""

    def __init__(self) -> None:
        self.story, self._path = beginning()
        for _ in range(3):
            self.story.place(None, b"up to what a History drops as poisonous")
        #: reports that came to the owner, by whom they were sealed for
        self.asked: list[str | None] = []
        #: what happens right before the owner has the next report
        self.meanwhile: list[Callable[[], None]] = []
        self.count = 0

    async def command(self, command: RunCommand) -> Answer:
        self.asked.append(getattr(command, "sealed_for", None))
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return await self._path.decide(command)

    async def query(self, query: ById) -> Answer:
        return answer(self.story.live, query)

    def edge(self) -> Any:
        return SimpleNamespace(
            gateway=self, customers=Customers(), cipher=CIPHER, tail=SimpleNamespace(catalogue=None), quiet_ms=60_000
        )

    def becomes(self, customer: str) -> None:
        """The run is deleted, if it is there, and its id used again."""
        if self.story.live.run(b.RUN).progress() is not None:
            self.story.add(b.delete_progress(id=self.drawn()))
        made = AgendaProgress(id=b.RUN, customer_id=customer, title="t")
        self.story.add(SaveProgress(id=self.drawn(), stream=b.RUN, progress=made))

    def drawn(self) -> str:
        self.count += 1
        return f"e{self.count}"

    async def report(self, edge: Any, said: str) -> None:
        body = UpdateProgress(
            agenda_progress=OpenProgress(id=b.RUN, started_time=5, diagnostic_events=[{"said": said}])
        )
        identity = self.drawn()
        origin = Origin(b.SERVICE, identity=lambda *_: identity, correlation=None)
        await take_report(edge, b.SERVICE, body, lambda _: origin)

    def opened(self) -> Any:
        """What the run's diagnostics say, opened as whose it is now."""
        progress = self.story.live.run(b.RUN).progress()
        assert progress is not None
        (event,) = progress.diagnostic_events or []
        return json.loads(CIPHER.open(progress.customer_id or "", event or ""))


async def test_it_is_looked_up_again_and_sealed_for_whom_it_is_now() -> None:
    service = Service()
    service.becomes("ann")
    here, there = service.edge(), service.edge()
    await service.report(here, "of ann")
    assert service.opened() == {"said": "of ann"}
    service.becomes("bob")

    await service.report(here, "of bob")
    await service.report(there, "of bob, too")
    await service.report(here, "of bob again")

    assert service.opened() == {"said": "of bob again"}
    assert service.asked == ["ann", "ann", "bob", "bob", "bob"], "once it is known, it is asked for once"


async def test_one_that_changes_hands_all_the_time_is_refused_and_nothing_is_sealed_for_another() -> None:
    service = Service()
    service.becomes("ann")
    edge = service.edge()
    await service.report(edge, "of ann")
    service.meanwhile = [lambda: service.becomes("bob"), lambda: service.becomes("carl")]

    with pytest.raises(SealedForAnother):
        await service.report(edge, "of nobody")

    progress = service.story.live.run(b.RUN).progress()
    assert progress is not None
    assert (progress.customer_id, progress.diagnostic_events) == ("carl", None)
    await service.report(edge, "of carl")
    assert service.opened() == {"said": "of carl"}


def test_what_was_sealed_for_one_customer_is_opened_for_no_other() -> None:
    """Else the tests above could not fail."""
    with pytest.raises(AssertionError, match="another's"):
        CIPHER.open("bob", CIPHER.seal("ann", b"1"))
