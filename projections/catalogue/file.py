"""The catalogue's snapshot on the worker's own disk: what it begins with, and what it leaves (design 4.6).

Whatever is wrong with the file, the topic is read whole, as if there were none. That the topic's log begins at offset 0
is checked before (eventstore.kafka.admin.open_log): a worker does not start on one that was cut.
Only workers begin with it: `agendum verify` and `agendum replay` read the topics themselves.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from projections.catalogue.catalogue import Catalogue
from projections.catalogue.snapshot import Flaw, Snapshot, pack, unpack

logger = logging.getLogger(__name__)

NAME = "catalogue.snapshot"
#: No more often than this, and only when there is news (s).
SAVE_SECONDS = 30.0


class CatalogueFile:
    """Keeps `catalogue` in a folder of the worker's own; `log_id` is that of its topic as this worker found it."""

    def __init__(
        self, folder: Path, catalogue: Catalogue, log_id: str, failpoint: Callable[[str], None] = lambda _: None
    ) -> None:
        self._path = folder / NAME
        self._catalogue = catalogue
        self._log_id = log_id
        self._failpoint = failpoint
        #: position of the snapshot that is on the disk
        self._kept = 0
        # A write outlives the task that was cancelled over it; the next one waits for it here.
        self._writing = Lock()

    def restore(self, end: int) -> None:
        """Let the catalogue begin where it was kept, or at 0; `end` is the topic's."""
        found = self._read(end)
        if isinstance(found, Flaw):
            logger.warning(
                "the catalogue's snapshot is of no use here: the topic is read whole",
                extra={"action": "catalogue", "expected": found.expected, "found": found.found, "file": self._path},
            )
        elif found is not None:
            self._catalogue.begin(found.next, found.items)
            self._kept = found.next
        logger.info(
            "the catalogue is read on", extra={"action": "catalogue", "begins": self._catalogue.next, "end": end}
        )

    async def run(self) -> None:
        """Keep it, again and again, until cancelled; to be begun at the topic's end."""
        while True:
            await self.save()
            await asyncio.sleep(SAVE_SECONDS)

    async def save(self) -> None:
        """Keep the catalogue as it is now, if that is news."""
        if self._catalogue.next > self._kept:
            await asyncio.to_thread(self._write, Snapshot(self._catalogue.next, self._catalogue.items()))

    def _read(self, end: int) -> Snapshot | Flaw | None:
        try:
            return unpack(self._path.read_bytes(), self._log_id, end)
        except FileNotFoundError:
            return None
        except OSError as wrong:
            return Flaw("a file that can be read", str(wrong))

    def _write(self, snapshot: Snapshot) -> None:
        with self._writing:
            if snapshot.next <= self._kept:
                return
            try:
                self._replace(pack(snapshot, self._log_id))
            except OSError as wrong:
                # The next start takes longer, and nothing else is lost.
                logger.warning("the catalogue's snapshot is not written: %s", wrong, extra={"action": "catalogue"})
                return
            self._kept = snapshot.next

    def _replace(self, data: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._failpoint("catalogue")
        # Whichever of the two a crash leaves under the name, it is whole.
        new.replace(self._path)
