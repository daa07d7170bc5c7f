"""SaveCustomer, SaveResourcePool, SaveInsight: each happens and is refused; none stays quiet (spec 2.5, 3.2).

But what comes with a key that was used: tests/integration/test_moving.py.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from eventstore.catalogue_events import (
    AgendaTemplateSaved,
    CatalogueObjectDeleted,
    CustomerSaved,
    InsightSaved,
    ResourcePoolSaved,
)
from eventstore.commands import (
    CatalogueCommand,
    DeleteCatalogueObject,
    SaveAgendaTemplate,
    SaveCustomer,
    SaveInsight,
    SaveResourcePool,
)
from eventstore.errors import Conflict, Forbidden, Invalid, NotFound, Rejected
from eventstore.model import AgendaTemplate, CatalogueObject, Customer, Insight, ResourcePool, SchedulingAlgorithm
from handlers.deciders.catalogue import decide_catalogue
from projections.catalogue import fold as folds
from tests.builders import ALICE, MALLORY, NOW, customer, insight


def pool(identity: str = "p1", **more: Any) -> ResourcePool:
    return ResourcePool(**{"id": identity, "customer_id": "alice", **more})


def template(**more: Any) -> AgendaTemplate:
    return AgendaTemplate(**{"id": "t1", "customer_id": "alice", **more})


def save(thing: CatalogueObject, **more: Any) -> CatalogueCommand:
    fields = {"id": "c1", "stream": "s", "now": NOW, "caller": ALICE, **more}
    match thing:
        case Customer():
            return SaveCustomer(customer=thing, **fields)
        case ResourcePool():
            return SaveResourcePool(resource_pool=thing, **fields)
        case Insight():
            return SaveInsight(insight=thing, **fields)
        case AgendaTemplate():
            return SaveAgendaTemplate(agenda_template=thing, **fields)


def put(thing: CatalogueObject, **more: Any) -> CatalogueCommand:
    return save(thing, must_exist=True, **more)


def refused(command: CatalogueCommand, stored: CatalogueObject | None, kind: type[Rejected]) -> str:
    with pytest.raises(kind) as found:
        decide_catalogue(command, stored)
    return str(found.value)


THINGS: list[CatalogueObject] = [customer(), pool(), insight()]
each = pytest.mark.parametrize("thing", THINGS, ids=["customer", "pool", "insight"])


def saved(event: Any) -> Any:
    assert isinstance(event, folds.Saved)
    return folds.saved(event)


class TestDeletion:
    delete = DeleteCatalogueObject(id="d", stream="s", caller=ALICE)

    @pytest.mark.parametrize(
        ("thing", "kind"),
        [(customer(), "customer"), (pool(), "resourcepool"), (insight(), "insight"), (template(), "agendatemplate")],
    )
    def test_an_object_is_deleted(self, thing: CatalogueObject, kind: str) -> None:
        assert decide_catalogue(self.delete, thing) == CatalogueObjectDeleted(kind=kind, id=thing.id or "")

    def test_anothers_is_refused_however_readable(self) -> None:
        mallory = DeleteCatalogueObject(id="d", stream="s", caller=MALLORY)
        text = "You do not have permission to perform this action for customerId alice"
        for thing in (insight(is_global=True), template(allowed_customer_ids=["mallory"])):
            assert refused(mallory, thing, Forbidden) == text

    def test_what_is_not_seen_is_as_gone(self) -> None:
        for thing in (customer(), pool(), insight(), template()):
            assert decide_catalogue(DeleteCatalogueObject(id="d", stream="s", caller=MALLORY), thing) is None

    def test_what_is_gone_stays_quiet(self) -> None:
        assert decide_catalogue(self.delete, None) is None


class TestTemplates:
    def test_a_post_says_neither_global_nor_default_and_a_put_says_nothing(self) -> None:
        event = decide_catalogue(save(template()), None)
        assert isinstance(event, AgendaTemplateSaved)
        assert (event.agenda_template.is_global, event.agenda_template.is_default_template) == (False, False)
        assert (event.agenda_template.added_time, event.agenda_template.updated_time) == (NOW, NOW)
        event = decide_catalogue(put(template(), sealed_over="alice"), template())
        assert isinstance(event, AgendaTemplateSaved)
        assert (event.agenda_template.is_global, event.agenda_template.is_default_template) == (None, None)

    def test_allowed_customers_become_a_sorted_set_in_lower_case(self) -> None:
        event = decide_catalogue(save(template(allowed_customer_ids=["b", "Account/A", "B"])), None)
        assert isinstance(event, AgendaTemplateSaved)
        assert event.agenda_template.allowed_customer_ids == ["account/a", "b"]

    def test_it_needs_an_owner_and_no_title(self) -> None:
        assert refused(save(template(customer_id=" ")), None, Invalid) == "The customerId field must be specified."
        assert refused(put(template()), None, NotFound) == "Unable to get object by id t1"

    def test_rights_to_read_are_none_to_change(self) -> None:
        stored = template(is_global=True, allowed_customer_ids=["mallory"])
        text = "You do not have permission to perform this action for customerId alice"
        change = put(template(customer_id=None), caller=MALLORY, sealed_over="alice")
        assert refused(change, stored, Forbidden) == text

    def test_one_that_was_sealed_over_anothers_is_refused(self) -> None:
        assert "ask again" in refused(put(template(), sealed_over="bob"), template(), Conflict)
        assert "ask again" in refused(save(template()), template(), Conflict)


class TestHappens:
    @pytest.mark.parametrize(
        ("thing", "kind"), [(customer(), CustomerSaved), (pool(), ResourcePoolSaved), (insight(), InsightSaved)]
    )
    def test_a_post_says_what_was_sent_with_times_that_are_ours(self, thing: Any, kind: type) -> None:
        event = decide_catalogue(save(thing), None)
        assert isinstance(event, kind)
        found = saved(event)
        assert (found.id, found.customer_id) == (thing.id, "alice")
        assert (found.added_time, found.updated_time) == (NOW, NOW)

    def test_a_post_overwrites_the_time_that_the_client_sent(self) -> None:
        assert saved(decide_catalogue(save(customer(added_time=5)), None)).added_time == NOW

    def test_a_put_keeps_the_time_that_the_client_sent_and_says_nothing_of_its_own(self) -> None:
        assert saved(decide_catalogue(put(customer(added_time=5)), customer())).added_time == 5
        found = saved(decide_catalogue(put(customer(added_time=None)), customer()))
        assert (found.added_time, found.updated_time) == (None, NOW)

    @each
    def test_a_post_of_what_is_there_says_only_what_was_sent(self, thing: Any) -> None:
        stored = type(thing)(id=thing.id, customer_id="alice", title="old", cid="kept")
        found = saved(decide_catalogue(save(thing), stored))
        assert (found.title, found.cid) == (thing.title, None)

    def test_a_new_insight_holds_no_queue_size_and_is_not_global(self) -> None:
        event = decide_catalogue(save(insight()), None)
        assert isinstance(event, InsightSaved)
        assert (event.insight.queue_size, event.insight.is_global) == (0, False)
        assert event.insight.scheduling_algorithm is None

    def test_what_is_said_of_a_new_insight_goes_before_the_defaults(self) -> None:
        said = insight(queue_size=9, is_global=True, scheduling_algorithm=SchedulingAlgorithm.ROUND_ROBIN)
        event = decide_catalogue(save(said), None)
        assert isinstance(event, InsightSaved)
        assert (event.insight.queue_size, event.insight.is_global) == (9, True)
        assert event.insight.scheduling_algorithm is SchedulingAlgorithm.ROUND_ROBIN

    def test_a_put_of_an_insight_has_no_defaults(self) -> None:
        event = decide_catalogue(put(insight()), insight(queue_size=9, is_global=True))
        assert isinstance(event, InsightSaved)
        assert (event.insight.queue_size, event.insight.is_global) == (None, None)

    @pytest.mark.parametrize("change", [save, put])
    def test_allowed_customers_become_a_sorted_set_in_lower_case(self, change: Any) -> None:
        event = decide_catalogue(change(insight(allowed_customer_ids=["b", "Account/A", "B"])), insight())
        assert isinstance(event, InsightSaved)
        assert event.insight.allowed_customer_ids == ["account/a", "b"]

    def test_allowed_customers_that_are_absent_stay_absent_and_an_empty_list_empty(self) -> None:
        nobody: list[str] = []
        for said in (None, nobody):
            event = decide_catalogue(save(insight(allowed_customer_ids=said)), None)
            assert isinstance(event, InsightSaved)
            assert event.insight.allowed_customer_ids == said

    def test_mappers_keep_their_case(self) -> None:
        event = decide_catalogue(save(insight(mappers={"operationType": ["Encode"]})), None)
        assert isinstance(event, InsightSaved)
        assert event.insight.mappers == {"operationType": ["Encode"]}

    def test_a_pool_needs_no_title_and_a_put_needs_neither_title_nor_owner(self) -> None:
        decide_catalogue(save(pool(title=None)), None)
        for thing in (customer(title=None, customer_id=None), insight(title=" ", customer_id=None)):
            decide_catalogue(put(thing), customer() if thing.id == "alice" else insight())

    def test_nothing_stays_quiet_the_same_words_again_are_an_event(self) -> None:
        once = saved(decide_catalogue(save(customer()), None))
        again = saved(decide_catalogue(save(customer(), id="c2", now=NOW + 1), once))
        assert again.updated_time == NOW + 1


class TestRefused:
    @each
    @pytest.mark.parametrize("owner", [None, "", " "])
    def test_a_post_without_an_owner(self, thing: Any, owner: str | None) -> None:
        said = type(thing)(id=thing.id, customer_id=owner)
        text = "The customerId field must be specified."  # and before the title is looked at
        assert refused(save(said), None, Invalid) == text
        assert refused(save(said), thing, Invalid) == text

    @pytest.mark.parametrize("thing", [customer(title=" "), customer(title=None), insight(title="")])
    def test_a_post_of_a_customer_or_insight_without_a_title(self, thing: Any) -> None:
        assert refused(save(thing), None, Invalid) == "The title field must be specified."

    @each
    def test_a_put_of_what_is_not_there(self, thing: Any) -> None:
        assert refused(put(thing), None, NotFound) == f"Unable to get object by id {thing.id}"
        assert refused(put(thing, caller=MALLORY), None, NotFound)

    @each
    def test_anothers_object_is_not_made(self, thing: Any) -> None:
        text = "You do not have permission to perform this action for customerId alice"
        assert refused(save(thing, caller=MALLORY), thing, Forbidden) == text

    def test_a_post_for_another_customer(self) -> None:
        text = "You do not have permission to perform this action for customerId alice"
        assert refused(save(pool(), caller=MALLORY), None, Forbidden) == text

    def test_to_take_over_anothers_object_or_to_give_ones_own_away(self) -> None:
        text = "You do not have permission to perform this action for"
        assert refused(save(pool()), pool(customer_id="mallory"), Forbidden) == f"{text} id p1"
        for change in (save, put):
            assert refused(change(pool(customer_id="mallory")), pool(), Forbidden) == f"{text} customerId mallory"

    def test_a_malformed_post_before_the_right_to_it(self) -> None:
        assert refused(save(customer(title=None), caller=MALLORY), None, Invalid)

    def test_isglobal_and_allowed_customers_give_no_right_to_change(self) -> None:
        stored = insight(is_global=True, allowed_customer_ids=["mallory"])
        assert refused(put(insight(customer_id=None), caller=MALLORY), stored, Forbidden)


class TestOthers:
    """What a caller without any right to an object is told of it."""

    @each
    def test_a_put_finds_no_object_of_others(self, thing: Any) -> None:
        text = refused(put(thing, caller=MALLORY), thing, NotFound)
        assert text == refused(put(thing, caller=MALLORY), None, NotFound) == f"Unable to get object by id {thing.id}"

    @each
    def test_a_post_over_it_is_refused_without_a_word_of_whose_it_is(self, thing: Any) -> None:
        own, hers = replace(thing, id="x", customer_id="mallory"), replace(thing, id="x")
        assert "alice" not in refused(save(own, caller=MALLORY), hers, Forbidden)

    def test_of_what_they_see_they_are_told_that_they_may_not_change_it(self) -> None:
        shared = insight(is_global=True)
        assert refused(put(replace(shared, customer_id=None), caller=MALLORY), shared, Forbidden).endswith("alice")
