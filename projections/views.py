"""What can be asked, and the shape of the answers. Pure.

Queries and answers travel one hop between workers, like commands. An answer carries the position it is true at.
"""

from typing import Literal

import msgspec

from eventstore.model import Agenda, AgendaProgress, OperationProgress

Kind = Literal["agenda", "progress", "operation"]


class ById(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """One object by its id; none is an empty answer, never an error (spec 2.3)."""

    kind: Kind
    id: str
    #: only from a proven owner: what a decision or a "not found" rests on is never read from anyone else
    proven: bool = False
    #: customers whose objects are looked for: another's is as one that is not there; None: everyone's
    accounts: list[str] | None = None


class ByAttribute(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Objects whose attributes equal all of these (spec 2.4), merged by (addedTime, id); asks every owner.

    `where` maps wire names (linkId, customerId, agendaId, externalId, title, …) to text; what that costs is said in
    projections.queries.listing.
    """

    kind: Kind
    where: dict[str, str]
    #: None: all there are
    limit: int | None = 100
    #: customers whose objects are looked for; None: everyone's
    accounts: list[str] | None = None
    #: only what stands behind this (addedTime, id)
    after: tuple[int, str] | None = None
    #: only how many there are
    count: bool = False


Query = ById | ByAttribute


class ProgressView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An AgendaProgress with its operations, waiting messages filled in (design 4.8)."""

    progress: AgendaProgress
    operations: list[OperationProgress] = []


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Rows as they are at a position of the log."""

    agendas: list[Agenda] = []
    progresses: list[ProgressView] = []
    operations: list[OperationProgress] = []
    #: per agenda id the time (epoch ms) since which it waited in the line; for a dispatched body (spec 7.1)
    added: dict[str, int] = {}
    #: agenda id -> id of the dispatch that the agenda was handed out with
    dispatches: dict[str, str] = {}
    #: partition of `agendas` -> offset of the last record folded there
    position: dict[int, int] = {}
    #: how many there are, where only that was asked
    count: int = 0
    #: there is more behind the last of these
    more: bool = False
    #: ms since this worker could last prove that it owns what it read; None: it can (design 5)
    stale: int | None = None


def of_accounts(answer: Answer, accounts: list[str] | None) -> Answer:
    """What of an answer is of these customers; None: all of it."""
    if accounts is None:
        return answer
    return msgspec.structs.replace(
        answer,
        agendas=[row for row in answer.agendas if row.customer_id in accounts],
        progresses=[view for view in answer.progresses if view.progress.customer_id in accounts],
        operations=[row for row in answer.operations if row.customer_id in accounts],
    )
