"""The one clock and the one source of chance: what comes in with every command comes from here."""

import os
import random
import time
import uuid

from eventstore.ids import spelled


def now() -> int:
    """Epoch ms, UTC."""
    return time.time_ns() // 1_000_000  # noqa: TID251  # the door that the rule speaks of


def draw() -> str:
    """A fresh id: a random UUID, version 4."""
    return spelled(os.urandom(16).hex(), 4)


def draw_uuid() -> uuid.UUID:
    """A fresh id, as a UUID."""
    return uuid.uuid4()  # noqa: TID251  # the door that the rule speaks of


def jitter() -> float:
    """A few ms to wait after another was faster (s)."""
    return random.uniform(0.002, 0.02)  # noqa: S311  # not cryptography
