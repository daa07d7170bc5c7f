"""Graves for rows that no event ever made, so that no restore brings them back (design 4.4)."""

import asyncio
from collections.abc import Callable

from projections.partition import Partition
from projections.rows import prefix

#: Rows that are looked up in one go.
SLICE = 200


async def bury(wiped: dict[bytes, int], partition: Partition, ended: Callable[[], bool]) -> None:
    """What was wiped, and is not among the rows that the log makes, gets a grave: as of any offset it was not there.

    Else the changelog would bring it back, and each restore from an empty disk would rebuild the partition. A row that
    claims an offset beyond the log's end stays: its grave would claim the same.
    """
    for looked, (key, offset) in enumerate([*wiped.items()], 1):
        if offset <= partition.position and partition.get(key) is None:
            partition.overlay.put(key, prefix(offset))
        if looked % SLICE == 0:
            await asyncio.sleep(0)
            if ended():
                return
    wiped.clear()
