"""What was answered already: every later read without a mark must show it."""

from collections.abc import Iterable, Mapping
from typing import Any

STALE = "Agendum-Stale"


class Known:
    """Positions and completions that somebody was told of, by an answer without a mark.

    A reader asks first what is known (`positions`, `complete`), then the service, and hands both over: what others were
    told meanwhile does not count against the answer, but from then on it binds everyone.
    """

    def __init__(self) -> None:
        #: answers without a mark that were older than one given before they were asked for
        self.stale: list[str] = []
        #: answers without a mark whose content was looked at
        self.checks = 0
        #: partition, as positions name it -> the last offset
        self._positions: dict[str, int] = {}
        #: progress -> operations
        self._complete: dict[str, set[str]] = {}

    def positions(self) -> dict[str, int]:
        """The last offset of each partition, now."""
        return dict(self._positions)

    def complete(self, progress: str) -> set[str]:
        """The operations of a run that are known to be complete, now."""
        return set(self._complete.get(progress, ()))

    def tell(self, progress: str, names: Iterable[str]) -> None:
        """Somebody was told that these are complete."""
        self._complete.setdefault(progress, set()).update(names)

    def place(self, what: str, before: Mapping[str, int], headers: Mapping[str, str]) -> None:
        """Hold an answer's position to those that were known before it was asked for."""
        if STALE in headers:
            return
        for part in filter(None, headers.get("Agendum-Position", "").split(",")):
            partition, _, offset = part.partition("@")
            if int(offset) < before.get(partition, -1):
                self.stale.append(f"{what} at {part}, {partition}@{before[partition]} was answered before")
            self._positions[partition] = max(self._positions.get(partition, -1), int(offset))

    def read(self, progress: str, before: set[str], answer: dict[str, Any], headers: Mapping[str, str]) -> None:
        """Hold a run that was read to what was known to be complete before."""
        if STALE in headers:
            return
        self.checks += 1
        if not answer["all"]:
            self.stale.append(f"{progress} is not there")
            return
        rows = answer["all"][0]["operationProgress"]
        complete = {row["operation"] for row in rows if row["processingState"] == "COMPLETE"}
        self.stale += [f"{progress} {name}" for name in sorted(before - complete)]
        self.tell(progress, complete)

    def listed(self, progress: str, answer: dict[str, Any], headers: Mapping[str, str]) -> None:
        """Hold a list by linkId to the one run that was accepted with it."""
        if STALE in headers:
            return
        self.checks += 1
        if [row["id"] for row in answer["all"]] != [progress]:
            self.stale.append(f"{progress} in a list of {len(answer['all'])}")
