"""The one clock and the one source of chance: what comes in with every command comes from here."""

import os
import random
import time
import uuid
from functools import lru_cache

from eventstore.ids import spelled

#: So many ids' worth of chance is asked for together: a submission draws five, and a question to the system for one of
#: them costs as much as for a dozen.
AT_ONCE = 256
#: The system's random bytes that ids are drawn from next: 32 hexadecimal digits each.
_digits: list[str] = []


def now() -> int:
    """Epoch ms, UTC."""
    return time.time_ns() // 1_000_000  # noqa: TID251  # the door that the rule speaks of


def draw() -> str:
    """A fresh id: a random UUID, version 4."""
    if not _digits:
        _fill()
    return spelled(_digits.pop(), 4)


def draw_uuid() -> uuid.UUID:
    """A fresh id, as a UUID."""
    return uuid.uuid4()  # noqa: TID251  # the door that the rule speaks of


def jitter() -> float:
    """A few ms to wait after another was faster (s)."""
    return random.uniform(0.002, 0.02)  # noqa: S311  # not cryptography


@lru_cache(maxsize=1)
def _heed_forks() -> None:
    os.register_at_fork(after_in_child=_digits.clear)  # or both would draw the same


def _fill() -> None:
    _heed_forks()
    digits = os.urandom(16 * AT_ONCE).hex()
    _digits.extend([digits[start : start + 32] for start in range(0, len(digits), 32)])
