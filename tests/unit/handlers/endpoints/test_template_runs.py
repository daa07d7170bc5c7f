"""Which template is run: the one that is there when somebody asks, wherever it was saved."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from eventstore.catalogue_events import AgendaTemplateSaved
from eventstore.codec import encode
from eventstore.envelope import Envelope, link_of
from eventstore.errors import NotFound
from eventstore.events import TYPES
from eventstore.log import NewRecord
from eventstore.memory import InMemoryLog, MemorySource
from eventstore.model import AgendaTemplate
from eventstore.reading import CATALOGUE_EVENTS, Classifier
from eventstore.sealing import seal_map
from handlers.endpoints.template_runs import _template, post
from handlers.wire.calls import RunTemplate
from projections.catalogue import tail
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.tail import CatalogueTail
from tests.builders import ALICE, MALLORY
from tests.ciphers import RandomisingCipher

CIPHER = RandomisingCipher()
TOPIC = "catalogue"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine under load may need longer than 200 ms for anything."""
    monkeypatch.setattr(tail, "END_SECONDS", 60.0)


class Counted:
    """A log's ends, and how often they were asked for; by the tail alone, not by its source."""

    def __init__(self, log: InMemoryLog) -> None:
        self._log = log
        self.times = 0

    async def ends(self, topic: str) -> dict[int, int]:
        self.times += 1
        return await self._log.ends(topic)


class Saved:
    """A catalogue's topic to which one template is saved again and again, and a worker that tails it."""

    def __init__(self) -> None:
        self.log = InMemoryLog({TOPIC: 1})
        self.asked = Counted(self.log)
        catalogue = Catalogue(Classifier(1, kinds=CATALOGUE_EVENTS))
        self.tail = CatalogueTail(catalogue, cast("Any", self.asked), TOPIC, MemorySource(self.log, TOPIC), 1)
        self._link: str | None = None
        self._version = 0

    def save(self, **fields: Any) -> None:
        self._version += 1
        said = AgendaTemplateSaved(agenda_template=AgendaTemplate(id="t", customer_id="alice", **fields))
        place = {"version": self._version, "time": self._version, "prev": self._link}
        envelope = Envelope(id=f"e{self._version}", type=TYPES[AgendaTemplateSaved], source="test", **place)  # type: ignore[arg-type]
        value, headers = encode(envelope, said)
        self._link = link_of(b"agendatemplate/t", headers, value)
        self.log.put(TOPIC, 0, NewRecord(b"agendatemplate/t", value, headers))

    def asked_by(self, caller: Any) -> Any:
        return cast("Any", SimpleNamespace(edge=SimpleNamespace(tail=self.tail), caller=caller))


async def test_a_template_that_another_worker_changed_meanwhile_is_run_as_it_is_now() -> None:
    saved = Saved()
    saved.save(title="old")
    running = asyncio.create_task(saved.tail.run())
    await saved.tail.catch_up()
    saved.save(title="new", is_global=True)

    assert (await _template(saved.asked_by(ALICE), "t")).title == "new"

    saved.save(title="newer")
    assert (await _template(saved.asked_by(MALLORY), "t")).title == "newer", "since the second time everyone may see it"
    running.cancel()


async def test_a_run_asks_once_how_far_the_catalogue_goes_for_the_template_and_what_its_agenda_is_bound_to() -> None:
    saved = Saved()
    saved.save(agenda=seal_map(CIPHER, "alice", {"customerId": "alice", "operations": [{"name": "a", "type": "t"}]}))
    running = asyncio.create_task(saved.tail.run())
    await saved.tail.catch_up()

    ask = saved.asked_by(ALICE)
    ask.cid = "c1"
    ask.body, ask.origin = answering(RunTemplate(agenda_template_id="t", payload="{}")), answering(None)
    ask.edge.cipher = CIPHER
    reply = await post(ask)

    # It got as far as to the catalogue of its customer.
    assert "Customer not found" in reply.body["errorResponse"]["description"], reply.body
    assert saved.asked.times == 1
    running.cancel()


def answering(answer: Any) -> Callable[..., Awaitable[Any]]:
    async def found(*_: Any) -> Any:
        return answer

    return found


async def test_one_that_is_not_there_or_not_to_be_seen_is_none() -> None:
    saved = Saved()
    saved.save(title="old")
    running = asyncio.create_task(saved.tail.run())
    for caller, identity in ((MALLORY, "t"), (ALICE, "u")):
        with pytest.raises(NotFound, match=f"AgendaTemplate {identity} not found"):
            await _template(saved.asked_by(caller), identity)
    running.cancel()
