"""PauseInsight, ResumeInsight: each happens, is refused, stays quiet; and what they leave behind."""

from typing import Any

import pytest
from msgspec.structs import replace

from eventstore.catalogue_events import (
    CatalogueEvent,
    CatalogueObjectDeleted,
    InsightPaused,
    InsightResumed,
    InsightSaved,
)
from eventstore.commands import CatalogueCommand, DeleteCatalogueObject, PauseInsight, ResumeInsight, SaveInsight
from eventstore.envelope import Envelope
from eventstore.errors import Invalid, NotFound, Rejected
from eventstore.events import TYPES
from eventstore.model import Insight, Paused
from handlers.deciders.catalogue import decide_catalogue
from handlers.wire.objects import OpenInsight
from projections.catalogue.fold import Item, evolve
from tests.builders import ALICE, MALLORY, NOW, customer, insight

PAUSED = insight(paused=Paused(by="alice", why="broken", since=NOW))


def pause(why: str = "broken", **more: Any) -> PauseInsight:
    fields = {"id": "p", "stream": "insight/i1", "now": NOW, "caller": ALICE, "insight_id": "i1"}
    return PauseInsight(**{**fields, "why": why, **more})


def resume(**more: Any) -> ResumeInsight:
    fields = {"id": "r", "stream": "insight/i1", "now": NOW + 5, "caller": ALICE, "insight_id": "i1"}
    return ResumeInsight(**{**fields, **more})


def after(stored: Insight | None, event: CatalogueEvent | None, at: int = NOW) -> Insight:
    assert event is not None
    envelope = Envelope(id="e", type=TYPES[type(event)], source="test", time=at, version=2, prev="link")
    item = None if stored is None else Item(1, "link", "last", stored)
    found = evolve(item, envelope, event, "next").object
    assert isinstance(found, Insight)
    return found


def test_a_pause_says_who_and_why_and_since_when() -> None:
    event = decide_catalogue(pause(), insight(queue_name="q"))
    assert event == InsightPaused(insight_id="i1", by="alice", why="broken")
    assert after(insight(queue_name="q"), event, NOW) == insight(
        queue_name="q", paused=Paused(by="alice", why="broken", since=NOW)
    )


def test_another_reason_is_on_record_and_it_is_paused_since_the_first() -> None:
    event = decide_catalogue(pause("still broken", now=NOW + 9), PAUSED)
    assert after(PAUSED, event, NOW + 9).paused == Paused(by="alice", why="still broken", since=NOW)


def test_a_resume_takes_the_pause_away_and_nothing_else() -> None:
    event = decide_catalogue(resume(why="mended"), PAUSED)
    assert event == InsightResumed(insight_id="i1", by="alice", why="mended")
    assert after(PAUSED, event) == insight()


def test_what_is_so_already_stays_quiet() -> None:
    assert decide_catalogue(pause(), PAUSED) is None
    assert decide_catalogue(resume(), insight()) is None


@pytest.mark.parametrize("command", [pause(), resume()])
def test_there_is_no_telling_what_is_missing_from_what_is_anothers(command: CatalogueCommand) -> None:
    text = "The Insight specified was not found or is not visible: i1"
    for stored, caller in ((None, ALICE), (PAUSED, MALLORY), (customer("i1"), ALICE)):
        asked = pause(caller=caller) if isinstance(command, PauseInsight) else resume(caller=caller)
        with pytest.raises(NotFound, match=text):
            decide_catalogue(asked, stored)


def test_a_pause_without_a_reason_is_refused() -> None:
    with pytest.raises(Invalid):
        decide_catalogue(pause(" "), insight())
    with pytest.raises(Rejected):
        decide_catalogue(pause(""), None)


def test_a_save_leaves_a_pause_as_it_is_and_cannot_make_one() -> None:
    event = decide_catalogue(
        SaveInsight(id="s", stream="insight/i1", caller=ALICE, insight=insight(title="new")), PAUSED
    )
    assert after(PAUSED, event) == replace(
        PAUSED, title="new", updated_time=0, added_time=0, queue_size=0, is_global=False
    )
    assert "paused" not in OpenInsight.__struct_fields__


@pytest.mark.parametrize("item", [None, Item(1, "link", "last", None), Item(1, "link", "last", customer("i1"))])
@pytest.mark.parametrize(
    "event", [InsightPaused(insight_id="i1", by="x", why="y"), InsightResumed(insight_id="i1", by="x")]
)
def test_a_pause_of_what_is_no_insight_changes_nothing(item: Item | None, event: CatalogueEvent) -> None:
    """No decider makes one; a fold never fails all the same, and nobody brings a deleted Insight back."""
    envelope = Envelope(id="e", type=TYPES[type(event)], source="test", time=NOW, version=2, prev="link")
    found = evolve(item, envelope, event, "next")
    assert (found.version, found.link, found.object) == (2, "next", None if item is None else item.object)


def test_an_insight_that_is_deleted_and_saved_again_is_not_paused() -> None:
    gone = decide_catalogue(DeleteCatalogueObject(id="d", stream="insight/i1", caller=ALICE), PAUSED)
    assert isinstance(gone, CatalogueObjectDeleted)
    assert after(None, InsightSaved(insight=insight())).paused is None
