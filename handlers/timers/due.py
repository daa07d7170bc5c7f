"""What time alone brings about: expiries, reclaims, retries (spec 9, design 4.2, 4.8). Pure.

These are proposals; the decider of each checks again on the run as it is then. Times are epoch ms. `since` is when this
owner became ready and able to write: no sign of life could arrive before, so an outage expires and reclaims nobody.
"""

from collections.abc import Iterable, Iterator

from projections.queues.watched import Failed, Open, Running

#: A retry waits at most this long (ms).
BACKOFF_AT_MOST = 300_000


def expired(dispatches: Iterable[Open], now: int, since: int, grace: int) -> Iterator[Open]:
    """Open dispatches whose patience is over, `grace` ms after `since` at the earliest; in order of `expires`."""
    for dispatch in dispatches:
        if dispatch.expires > now:
            return
        if now >= since + grace:
            yield dispatch


def silent(running: Iterable[Running], now: int, since: int, age: int) -> Iterator[Running]:
    """Attempts that nothing was heard of for `age` ms; the one that is silent longest to begin with."""
    for attempt in running:
        if max(attempt.heard, since) + age > now:
            return
        yield attempt


def again(failed: Iterable[Failed], now: int, backoff: int) -> Iterator[Failed]:
    """Failed agendas whose backoff is over: `backoff` ms after the first failure, twice that after the second, …"""
    for agenda in failed:
        wait = min(backoff * 2 ** (agenda.failures - 1), BACKOFF_AT_MOST)
        if agenda.failed + wait <= now:
            yield agenda
