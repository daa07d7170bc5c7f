"""Who may believe to own a partition, and until when (design 4.4). Pure, given a clock.

Measured: after a broker was killed, two workers both believed to own a partition for over a minute, and nothing logged
an error. So being assigned is not owning: an owner can also prove that the group cannot have given its partitions away
yet, because it *sent* a heartbeat that was answered without error less than a session ago.
"""

import time
from collections.abc import Callable


def boottime() -> float:
    """Seconds on a clock that runs on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """The proof of ownership: renewed by heartbeats, from the consumer's thread; read everywhere."""

    def __init__(self, patience: float, clock: Callable[[], float] = boottime) -> None:
        #: seconds that the group waits for a silent member: min(session, rebalance time-out)
        self.patience = patience
        self.clock = clock
        self._sent: float | None = None

    def renew(self, sent: float) -> None:
        """A heartbeat that was sent then was answered without error."""
        if self._sent is None or sent > self._sent:
            self._sent = sent

    def holds(self) -> bool:
        """Whether nobody else can own what was assigned to this worker."""
        return self._sent is not None and self.clock() - self._sent < self.patience

    def age(self) -> float | None:
        """Seconds since the proof was made; None before the first."""
        return None if self._sent is None else self.clock() - self._sent
