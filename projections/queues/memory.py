"""Whom each queue of one owned partition served when: what `turns` is made of. Pure."""

from projections.indexes.keys import Turn

#: Customers of a queue whose last turn is remembered, the latest.
REMEMBERED = 10_000


class Memory:
    """The last turn of each customer, by queue; kept by the fold, found again at a takeover."""

    def __init__(self) -> None:
        #: queue -> customer -> its last turn, the latest at the end
        self._served: dict[str, dict[str, Turn]] = {}

    def remember(self, queue: str, customer: str, turn: Turn) -> None:
        """A customer was served. Agendas that are gone were served too: what is remembered never goes back."""
        served = self._served.setdefault(queue, {})
        if turn > served.get(customer, (-1, -1)):
            served.pop(customer, None)
            served[customer] = turn
            if len(served) > REMEMBERED:
                del served[next(iter(served))]

    def served(self, queue: str) -> dict[str, Turn]:
        """When each customer of a queue was served last, the latest at the end."""
        return self._served.get(queue, {})
