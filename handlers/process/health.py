"""Whether this worker lives, and whether it can do its work: /healthz, /readyz, and when it must leave (design 5).

Alive is about the process: Kafka away does not make it restart. Ready says why it is not. A worker whose heartbeats
stay away although the broker answers leaves: it has lost its place in the group and does not know.
"""

import asyncio
import json
from collections.abc import Callable

from eventstore.errors import Unavailable
from eventstore.log import EventLog
from eventstore.topics import Topics
from projections.catalogue.tail import CatalogueTail
from projections.group.group import Group
from projections.table.holdings import Holdings

TICK_SECONDS = 1.0
#: Sessions without a heartbeat, while the broker answers, after which this worker leaves.
SESSIONS = 3.0


class Health:
    """Looks at Kafka once a second; `ends` are those of `agendas`, for the lag."""

    def __init__(self, *, holdings: Holdings, group: Group, tail: CatalogueTail, log: EventLog, topics: Topics) -> None:
        self._holdings = holdings
        self._group = group
        self._tail = tail
        self._log = log
        self._topic, self._changelog = topics.agendas.name, topics.changelog.name
        self.ends: dict[int, int] = {}
        self.answers = True
        #: changelog records that the standbys here have not taken in
        self.standby_lag = 0
        #: seconds in which the broker answered and no heartbeat did
        self._silent = 0.0

    def alive(self) -> tuple[int, bytes, str]:
        """200 for as long as the process can say so."""
        return 200, b'{"status":"alive"}', "application/json"

    def ready(self) -> tuple[int, bytes, str]:
        """200, or 503 with the reasons."""
        reasons = [reason for holds, reason in self._reasons() if holds]
        holdings = self._holdings
        proved = {number: each for number in sorted(holdings.owned) if (each := holdings.owner(number)) is not None}
        body = {
            "ready": not reasons,
            "reasons": reasons,
            # What can be proved now, and when now is: two workers never prove one partition at one time.
            "owned": [*proved],
            # One ownership has one name from its beginning to its end, so that two looks at it are known to be of one.
            "ownerships": {number: each.ready.epoch for number, each in proved.items()},
            "at": holdings.lease.clock(),
            "standby_lag": self.standby_lag,
            "unwritten": sum(writer.behind for writer in holdings.writers.values()),
        }
        return 503 if reasons else 200, json.dumps(body).encode(), "application/json"

    async def watch(self, leave: Callable[[str], None]) -> None:
        """Look until cancelled; `leave` is told why this worker must go."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                self.ends = await self._log.ends(self._topic)
                self.standby_lag = self._lag(await self._log.ends(self._changelog))
                self.answers = True
            except Unavailable:
                self.answers = False
            if (broken := self._group.broken()) is not None:
                leave(broken)
            self._silent = self._silent + TICK_SECONDS if self.answers and self._overdue() else 0.0
            if self._silent > SESSIONS * self._holdings.lease.patience:
                leave(f"no heartbeat was answered for {self._holdings.lease.age():.0f} s while Kafka answers")

    def _lag(self, ends: dict[int, int]) -> int:
        holdings = self._holdings
        standbys = (replica for number, replica in holdings.replicas.items() if number not in holdings.owned)
        return sum(max(0, ends[replica.number] - 1 - replica.position) for replica in standbys)

    def _overdue(self) -> bool:
        return not self._holdings.lease.holds()

    def _reasons(self) -> list[tuple[bool, str]]:
        return [
            (not self.answers, "read-only: Kafka does not answer"),
            (self._holdings.assigned is None, "moving: the group is giving out partitions, or they are restored"),
            (not self._tail.caught_up, "catching up: the catalogue is not folded to its end"),
            (not self._holdings.lease.holds(), "no answered heartbeat proves ownership"),
            (
                self._holdings.assigned is not None and not self._holdings.ready(),
                "catching up: not folded to the end of the log",
            ),
        ]
