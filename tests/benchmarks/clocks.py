"""What time has passed in this process: by the clock, of all threads' CPU, and of that of the thread that asks."""

import time

#: Seconds of each.
Moment = tuple[float, float, float]
NAMES = ("s", "cpu_s", "main_s")


def now() -> Moment:
    """All threads are RocksDB's and the group's too; the thread that asks is the one that runs the loop."""
    return time.perf_counter(), time.process_time(), time.thread_time()


def passed(what: str, since: Moment, until: Moment | None = None) -> dict[str, float]:
    """`<what>_s`, `<what>_cpu_s`, `<what>_main_s`: seconds between two moments."""
    differences = (end - start for start, end in zip(since, until or now(), strict=True))
    return {f"{what}_{name}": seconds for name, seconds in zip(NAMES, differences, strict=True)}
