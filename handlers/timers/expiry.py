"""Dispatches of which nothing was heard (design 4.2). Pure: a proposal, which the decider checks again."""

from collections.abc import Iterable, Iterator

from projections.ready import Open


def due(dispatches: Iterable[Open], now: int, since: int, grace: int) -> Iterator[Open]:
    """Open dispatches whose patience is over; `dispatches` in order of `expires`, times in epoch ms.

    `since` is when this owner became ready. No sign of life could arrive before, so an outage expires nothing at once:
    silence counts from then, for `grace` ms.
    """
    for dispatch in dispatches:
        if dispatch.expires > now:
            return
        if now >= since + grace:
            yield dispatch
