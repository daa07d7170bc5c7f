"""The worker group: a Faust app whose assignments become holdings (design 4.4).

Faust gives each worker its partitions and standbys, opens the table's RocksDB files and tells every worker who owns
what. `Group` turns each assignment into one `Holdings.hold`, ends it at every revocation, and leaves when the log can
not be read here any more or when heartbeats stay away although the broker answers.
"""

import asyncio
import logging
from typing import Any

from faust.types import TP

from eventstore.errors import ForeignLog, TooNew
from eventstore.kafka.cancellation import heed
from projections.group.membership import GroupSettings, app_of, table_of
from projections.group.transport import Hooks, RocksTable
from projections.table.holdings import Holdings
from projections.table.ownership import Lease

logger = logging.getLogger(__name__)

RESTART_SECONDS = 0.5
STOP_SECONDS = 8.0


class Group:
    """Membership: from `start` to `stop`; `fatal` is set when this worker must leave."""

    def __init__(self, settings: GroupSettings, lease: Lease) -> None:
        self._settings = settings
        self.app = app_of(settings)
        self.app.hooks = Hooks(lease, self._lost, self._given)
        self.table = RocksTable(table_of(self.app, settings.topics))
        self.fatal: asyncio.Future[BaseException] | None = None
        self._holdings: Holdings | None = None
        self._task: asyncio.Task[None] | None = None
        #: an assignment came that has not been revoked
        self._valid = False

    async def start(self, holdings: Holdings) -> None:
        """Join; what is assigned from then on is worked on in a task of its own."""
        self._holdings = holdings
        self.fatal = asyncio.get_running_loop().create_future()
        topics = self._settings.topics
        for name in (topics.agendas.name, topics.inbox.name):
            self.app.topics.add(self.app.topic(name, key_type=bytes, value_type=bytes))
        self.app.on_rebalance_complete.connect(self._assigned, weak=False)
        await self.app.start()

    async def stop(self) -> None:
        """Leave the group, so that others take over at once."""
        self._lost()
        self._kept(set())
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.app.stop()
        except TimeoutError:
            logger.warning("leaving the group took too long", extra={"action": "leave"})

    def owners(self) -> dict[int, str]:
        """Partition -> internal address of the worker it is assigned to, as of the last rebalance."""
        changelog = self._settings.topics.changelog.name
        return {
            number: str(url).rstrip("/")
            for url, distribution in self.app.assignor.changelog_distribution.items()
            for number in distribution.get(changelog, ())
        }

    def broken(self) -> str | None:
        """Why membership is lost for good although this process runs; None while it is sound."""
        if self.app.crashed:
            return f"Faust crashed: {self.app.crash_reason!r}"
        consumer = self.app.consumer._thread._consumer  # Faust never asks itself
        try:
            consumer._coordinator.check_errors()
        except Exception as wrong:  # noqa: BLE001  # whatever ended the coordinator's task
            return f"the group's coordinator task ended: {wrong!r}"
        return None

    def _lost(self) -> None:
        self._valid = False
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._holdings is not None:
            self._holdings.lost()

    def _given(self, assigned: set[TP]) -> None:
        self._lost()
        self._kept(assigned)
        self._valid = True

    def _kept(self, assigned: set[TP]) -> None:
        changelog = self._settings.topics.changelog.name
        if self._holdings is not None:
            self._holdings.keep({tp.partition for tp in assigned if tp.topic == changelog})

    async def _assigned(self, *_: Any, **__: Any) -> None:
        # Faust says so in a task of its own: by then the next rebalance may have begun, and what it took away may be
        # another's before this worker hears of that.
        if self._holdings is None or self._task is not None or not self._valid:
            return
        assignor, changelog = self.app.assignor, self._settings.topics.changelog.name
        actives = {tp.partition for tp in assignor.assigned_actives() if tp.topic == changelog}
        standbys = {tp.partition for tp in assignor.assigned_standbys() if tp.topic == changelog} - actives
        logger.info(
            "assigned",
            extra={"action": "assign", "actives": sorted(actives), "standbys": sorted(standbys)},
        )
        self._task = asyncio.create_task(self._hold(self._holdings, actives, standbys))

    async def _hold(self, holdings: Holdings, actives: set[int], standbys: set[int]) -> None:
        while True:
            try:
                # In a task of its own: one in which a group of tasks has failed stays asked to end (Python 3.11), and
                # whoever heeds that would end the next attempt too.
                await asyncio.create_task(holdings.hold(actives, standbys))
                return
            except Exception as wrong:  # noqa: BLE001  # whatever it was: leave, or begin again
                if (refused := _refusal(wrong)) is not None:
                    self._leave(refused)
                    return
                heed()  # it failed while it was ended
                logger.exception("holding failed: begins again", extra={"action": "hold"})
            holdings.lost()
            # Rows that cannot be read may be the reason: opened again, every one of them is summed.
            holdings.keep(set())
            await asyncio.sleep(RESTART_SECONDS)

    def _leave(self, reason: BaseException) -> None:
        if self.fatal is not None and not self.fatal.done():
            self.fatal.set_result(reason)


def _refusal(wrong: BaseException) -> BaseException | None:
    """The error, in a group of them, that says that this worker can not go on."""
    if isinstance(wrong, BaseExceptionGroup):
        found = (_refusal(inner) for inner in wrong.exceptions)
        return next((inner for inner in found if inner is not None), None)
    return wrong if isinstance(wrong, TooNew | ForeignLog) else None
