"""Two hundred customers of one Insight with unequal backlogs, and their agendas of five operations.

Who may do what (spec 3.3): an Insight is pulled from by who may touch its own customer's objects. So the pool and the
Insight are the operator's, `isGlobal` lets every customer's agendas be bound to it, and executors are the operator's as
well; customers only submit.
"""

import random
from collections.abc import Iterator
from typing import Any

from tests.integration.installation import sample

OPERATOR, POOL, INSIGHT = "ops", "pool", "load"
#: (so many customers, agendas of each) of a whole load: one with a tenth of everything, many with few.
TIERS = ((1, 2000), (9, 800), (40, 150), (150, 32))
CUSTOMERS = sum(customers for customers, _ in TIERS)
WHOLE = sum(customers * each for customers, each in TIERS)
#: A diamond with a tail.
OPERATIONS = (sample("a"), sample("b", "a"), sample("c", "a"), sample("d", "b", "c"), sample("e", "d"))


def backlogs(size: int) -> dict[str, int]:
    """Customer -> agendas, of a load of about this size: in the proportions of the whole, one of each at least."""
    each = [max(1, round(count * size / WHOLE)) for customers, count in TIERS for _ in range(customers)]
    return {f"c{number}": count for number, count in enumerate(each)}


def arrivals(size: int, seed: int) -> list[str]:
    """The customers of a load's agendas, in the order in which these come: large and small mixed."""
    order = [name for name, count in backlogs(size).items() for _ in range(count)]
    random.Random(seed).shuffle(order)
    return order


def agenda(customer: str, key: str) -> dict[str, Any]:
    """One agenda; its linkId tells the judge by which key it was made."""
    return {"customerId": customer, "linkId": key, "operations": [*OPERATIONS]}


def catalogue(algorithm: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, object) of everything that has to be there."""
    yield "resourcepool", {"id": POOL, "customerId": OPERATOR, "title": POOL}
    own = {"customerId": OPERATOR, "resourcePoolId": POOL}
    insight = {"id": INSIGHT, "title": INSIGHT, "queueName": INSIGHT, "isGlobal": True, **own}
    yield "insight", {**insight, "schedulingAlgorithm": algorithm, "mappers": {"operationType": ["sample"]}}
    for name in backlogs(WHOLE):
        yield "customer", {"id": name, "customerId": name, "title": name, "resourcePoolId": POOL}
