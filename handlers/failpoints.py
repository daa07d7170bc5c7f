"""For tests: kill this process, as if by kill -9, at the n-th passing of a named point (`folded:3`)."""

import os
import signal
from collections import Counter
from collections.abc import Callable


def failpoint(spec: str) -> Callable[[str], None]:
    """What the feed and the writers call at their points; does nothing for an empty spec."""
    if not spec:
        return lambda _: None
    name, _, count = spec.partition(":")
    passed: Counter[str] = Counter()

    def at(point: str) -> None:
        passed[point] += 1
        if point == name and passed[point] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)

    return at
