"""Who may see what of the catalogue, and put things where (spec 3.2, design 5)."""

import pytest

from eventstore.commands import SERVICE
from eventstore.errors import Forbidden
from eventstore.model import CatalogueObject
from handlers.access.rights import may_see, refuse_anothers_pool
from tests.builders import ALICE, MALLORY, catalogue, customer, insight


@pytest.mark.parametrize(
    ("thing", "seen"),
    [
        (customer(), False),
        (insight(), False),
        (insight(is_global=False, allowed_customer_ids=["malloryx"]), False),
        (insight(is_global=True), True),
        (insight(allowed_customer_ids=["mallory"]), True),
    ],
)
def test_others_see_what_is_shared_with_them(thing: CatalogueObject, seen: bool) -> None:  # noqa: FBT001
    assert (may_see(thing, ALICE), may_see(thing, SERVICE), may_see(thing, MALLORY)) == (True, True, seen)


def test_an_insight_stands_in_a_pool_of_its_writers_and_whether_others_exist_is_not_told() -> None:
    found = catalogue(customer(), insight())
    for pool in ("p1", "nowhere"):
        with pytest.raises(Forbidden, match=f"for resourcePoolId {pool}$"):
            refuse_anothers_pool(pool, MALLORY, found)
        refuse_anothers_pool(pool, SERVICE, found)
    refuse_anothers_pool(None, MALLORY, found)
