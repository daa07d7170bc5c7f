"""One sentence for all tests of decisions: given commands that happened, when one more, then its event (or refusal).

What is given goes through the real deciders, codec and fold, so a test never builds a state that could not be.
"""

from collections.abc import Iterable
from typing import Any, NoReturn

from eventstore.codec import decode, encode
from eventstore.commands import RunCommand
from eventstore.envelope import Envelope, link_of
from eventstore.errors import Rejected
from eventstore.events import TYPES, ReportSuperseded, RunEvent
from handlers.deciders.registry import decide
from projections.folds.run import evolve
from projections.rows import PREFIX_LENGTH, write_row
from projections.run import Run
from projections.verdict import Verdict, judge
from tests.builders import RUN


class World:
    """The rows of one run, in a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.offset = 0
        self.records: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = []

    def run(self) -> Run:
        """The run as it is."""
        return Run(RUN, self.rows.get, self._keys)

    def _keys(self, prefix: bytes) -> Iterable[bytes]:
        return sorted(key for key, value in self.rows.items() if key.startswith(prefix) and len(value) > PREFIX_LENGTH)

    def carry_out(self, command: RunCommand) -> RunEvent | None:
        """Decide, and fold what was decided."""
        run = self.run()
        event = decide(command, run)
        if event is not None:
            self.append(command, event)
        return event

    def append(self, command: RunCommand, event: RunEvent) -> Verdict:
        """Fold an event as if it had been read from the log."""
        head, done = self.run().head, not isinstance(event, ReportSuperseded)
        envelope = Envelope(
            id=command.id,
            type=TYPES[type(event)],
            source="test",
            time=command.now,
            version=1 if head is None else head.version + 1,
            prev=None if head is None else head.link,
            request=command.request if done else None,
            inbox=command.inbox if done else None,
        )
        value, headers = encode(envelope, event)
        return self.fold(RUN.encode(), value, headers)

    def fold(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Verdict:
        """Fold a record."""
        self.records.append((key, value, headers))
        envelope, event = decode(headers, value)
        run = self.run()
        verdict = judge(run.head, envelope)
        if verdict is Verdict.APPLIED:
            for row_key, row in evolve(run, envelope, event, link_of(key, headers, value)).items():
                self.rows[row_key] = write_row(self.offset, row)
        self.offset += 1
        return verdict


class Spec:
    """given(...).when(...).then(...)"""

    def __init__(self, *past: RunCommand) -> None:
        self.world = World()
        for command in past:
            assert self.world.carry_out(command) is not None, f"{command} is given, but did not happen"
        self._event: RunEvent | None = None
        self._refused: Rejected | None = None

    def when(self, command: RunCommand) -> "Spec":
        """One more command."""
        try:
            self._event = self.world.carry_out(command)
        except Rejected as refused:
            self._refused = refused
        return self

    def then(self, *kinds: type[RunEvent], **fields: Any) -> Any:
        """It led to an event of this kind with these fields; without a kind, to nothing. The event."""
        if self._refused is not None:
            raise self._refused
        if not kinds:
            assert self._event is None, f"expected nothing to happen, but {self._event} did"
            return None
        assert isinstance(self._event, kinds), f"expected {kinds}, but found {self._event}"
        for name, value in fields.items():
            assert getattr(self._event, name) == value, f"{name} of {self._event}"
        return self._event

    def refused(self, kind: type[Rejected], text: str = "") -> None:
        """It was refused, with this text in the message; nothing was folded."""
        assert self._refused is not None, f"expected a refusal, but {self._event} happened"
        assert isinstance(self._refused, kind), f"expected {kind.__name__}, but found {self._refused!r}"
        assert text in str(self._refused), str(self._refused)


def given(*past: RunCommand) -> Spec:
    """What has happened, as the commands that led to it."""
    return Spec(*past)


def impossible(why: str) -> NoReturn:
    """A place that no test should reach."""
    raise AssertionError(why)
