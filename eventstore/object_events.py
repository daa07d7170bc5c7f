"""What can happen to the objects of a run by themselves: put, deleted, reaped (spec 2.5, 7.2, 9.3). Pure."""

from eventstore.model import Agenda, AgendaProgress, Fact, OperationProgress


class AgendaDeleted(Fact, frozen=True, kw_only=True):
    """The agenda is gone; its progress stays (spec 2.5)."""

    agenda_id: str


class ProgressDeleted(Fact, frozen=True, kw_only=True):
    """The progress and its operations are gone; agendas of the run stay (spec 2.5)."""


class AgendaSaved(Fact, frozen=True, kw_only=True):
    """An agenda was put: the fields that were said (spec 2.5)."""

    agenda: Agenda


class ProgressSaved(Fact, frozen=True, kw_only=True):
    """A progress was posted or put: the fields that were said, and of its operations what they became (spec 7.2).

    An executing or complete one counts as a sign of life; a complete one ends the attempt.
    """

    progress: AgendaProgress
    operations: list[OperationProgress] | None = None


class OperationSaved(Fact, frozen=True, kw_only=True):
    """One operation's progress was posted or put: the fields that were said. Its id says which row it is."""

    operation: OperationProgress


class OperationDeleted(Fact, frozen=True, kw_only=True):
    """One operation's progress is gone."""

    id: str


class RunReaped(Fact, frozen=True, kw_only=True):
    """The last trace of a deleted run left the views, a day or more after its deletion (design 4.3)."""


class ObjectsReaped(Fact, frozen=True, kw_only=True):
    """Objects of a run that has come to rest left the views, because they are old; their events stay (spec 9.3)."""

    #: ids of agendas
    agendas: list[str] = []  # noqa: RUF012  # msgspec copies it
    #: the progress, with all operations that there are
    progress: bool = False
    #: names of operations, where the progress stays or there is none; of one whose id is not `<run>-<name>` its id,
    #: with U+0001 before it
    operations: list[str] = []  # noqa: RUF012  # msgspec copies it
