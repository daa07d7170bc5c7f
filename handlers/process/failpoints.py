"""For tests: kill this process, as if by kill -9, at the n-th passing of a named point (`folded:3`), or stop it there
as if by SIGSTOP (`buffered:2:stop`); several, with commas between them.

| point | passed when |
|---|---|
| decided | events of runs wait in the producer and are not sent yet |
| folded | records of the log were folded |
| buffered | the batch that closes a flight, with the `applied` row, waits in the producer and is not sent yet |
| buffered_part | so does one that does not close its flight |
| acked | the changelog acknowledged a batch |
| written | its rows are on the disk |
| catalogue | a snapshot of the catalogue is written, and does not have its name yet |
"""

import os
import signal
from collections import Counter
from collections.abc import Callable


def failpoint(spec: str) -> Callable[[str], None]:
    """What the feed, the writers and their producer call at their points; does nothing for an empty spec."""
    if not spec:
        return lambda _: None
    fates = dict(_fate(part) for part in spec.split(","))
    passed: Counter[str] = Counter()

    def at(point: str) -> None:
        passed[point] += 1
        if (fate := fates.get((point, passed[point]))) is not None:
            # On record, and unbuffered: a test can tell this death from every other one.
            os.write(2, f"failpoint {point}:{passed[point]} was passed\n".encode())
            os.kill(os.getpid(), fate)

    return at


def _fate(part: str) -> tuple[tuple[str, int], signal.Signals]:
    point, count, how = [*part.split(":"), "", ""][:3]
    return (point, int(count or 1)), signal.SIGSTOP if how == "stop" else signal.SIGKILL
