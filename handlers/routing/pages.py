"""Lists are walked in slices, so that a long one stops nobody else (see projections.queries.listing)."""

import asyncio
from collections.abc import Generator

from eventstore.errors import Moving
from projections.views import Answer


async def walked(walk: Generator[None, None, Answer]) -> Answer:
    """The answer at the end of a walk; raises Moving if a partition goes to another owner on the way."""
    try:
        while True:
            next(walk)
            await asyncio.sleep(0)
    except StopIteration as done:
        found: Answer = done.value
        return found
    except LookupError as wrong:
        if type(wrong) is not LookupError:  # a KeyError is a fault of ours; a store that was released says just this
            raise
        raise Moving("a partition went to another owner while a list was read") from None
