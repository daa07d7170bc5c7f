"""Add operations to an agenda that is under way (spec 8.4, 3.3). Pure.

Beside POP, a name stands once in an agenda, because it names the operation's row. What is there already, equal in every
field, is not added again: an executor that asks a second time changes nothing. What its parent generated before is
generated anew: an attempt that broke off may have left it behind. Any other name that is there is refused.
"""

from collections.abc import Mapping

from eventstore.commands import ExpandAgenda
from eventstore.errors import Invalid, NotFound
from eventstore.events import AgendaExpanded
from eventstore.model import Agenda, AgendaProgress, Operation, ProcessingState
from eventstore.sealing import fingerprint
from handlers.deciders.submission import operation_row
from projections.run import Run


def expand(command: ExpandAgenda, run: Run) -> AgendaExpanded | None:
    """Add what is new; quiet where nothing is."""
    agenda, stored = run.agenda(command.agenda_id), run.progress()
    if agenda is None or not _may(command, agenda):
        raise NotFound(f"Agenda {command.agenda_id} not found")
    if stored is None:
        raise NotFound(f"AgendaProgress {run.stream} not found")
    known = {operation.name: operation for operation in agenda.operations or ()}
    new = [one for one in command.operations if one.name not in known or not _same(known[one.name], one)]
    taken = [one.name for one in new if one.name in known and not _generated_anew(known[one.name], one)]
    if taken:
        raise Invalid(f"Operation names must be unique. Agenda {agenda.id} has these already: {','.join(taken)}")
    if not new and _laid_already(command.params, agenda, stored):
        return None
    rows = [one for one in new if one.name in known or not _is_under_way(run, one.name)]
    return AgendaExpanded(
        agenda_id=command.agenda_id,
        added=new,
        operations=[operation_row(agenda, run.stream, one, command.now) for one in rows],
        params=command.params,
        progress=AgendaProgress(id=run.stream, updated_time=command.now),
    )


def _may(command: ExpandAgenda, agenda: Agenda) -> bool:
    """The Customer right to the agenda, or to its Insight (design 5)."""
    insight = None if agenda.agenda_insight is None else agenda.agenda_insight.insight_id
    by_insight = command.insights is None or insight in command.insights
    return by_insight or command.caller.may_touch(agenda.customer_id)


def _same(known: Operation, said: Operation) -> bool:
    plain = (known.type, known.id) == (said.type, said.id)
    return plain and all(
        fingerprint(one) == fingerprint(other)
        for one, other in ((known.payload, said.payload), (known.params or {}, said.params or {}))
    )


def _generated_anew(known: Operation, said: Operation) -> bool:
    return said.generated_parent is not None and known.generated_parent == said.generated_parent


def _is_under_way(run: Run, name: str) -> bool:
    # Reported before it was added: its row knows more than a new one would.
    row = run.operation(name)
    return row is not None and row.processing_state is not ProcessingState.WAITING


def _laid_already(params: Mapping[str, str] | None, agenda: Agenda, stored: AgendaProgress) -> bool:
    said = fingerprint({**(params or {})})
    return all(said.items() <= fingerprint(row.params or {}).items() for row in (agenda, stored))
