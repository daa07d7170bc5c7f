"""First in, first out: also where an Insight names no algorithm (spec 6). Pure."""

from handlers.scheduling.queue import Choice, Waiting

NAME = "FirstInFirstOut"


def choose(waiting: Waiting, n: int) -> list[Choice]:
    """The oldest n of the line, no two of one run."""
    chosen: list[Choice] = []
    runs: set[str] = set()
    kept = []
    ready = sum(waiting.counts.values())
    while waiting.line and len(chosen) < n:
        entry = waiting.line.popleft()
        if entry.stream in runs:
            kept.append(entry)
            continue
        runs.add(entry.stream)
        basis = {"ready": ready, "customers": len(waiting.counts), "added": entry.added}
        chosen.append(waiting.take(entry, basis))
    waiting.line.extendleft(reversed(kept))
    return chosen
