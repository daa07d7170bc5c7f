"""What each route takes and answers, by its name: what the OpenAPI document says beside the table of routes. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from eventstore.model import (
    Agenda,
    AgendaProgress,
    AgendaTemplate,
    Customer,
    Fact,
    Insight,
    OperationProgress,
    ProcessingState,
    ResourcePool,
)
from handlers.client.objects import Due
from handlers.wire.calls import (
    Cancel,
    CreateAgenda,
    GetAgenda,
    HandBack,
    Pause,
    Rerun,
    RunTemplate,
    RunTimers,
    Summary,
    UpdateAgenda,
    UpdateProgress,
)
from handlers.wire.objects import (
    OpenAgendaTemplate,
    OpenCustomer,
    OpenInsight,
    OpenOperationRecord,
    OpenProgressRecord,
    OpenResourcePool,
    OpenStoredAgenda,
)
from handlers.wire.requests import Open, OpenAgenda


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One route: under which heading it stands, its bodies by method, and its answer."""

    tag: str
    sent: Mapping[str, type[Open]]
    #: what `all` of its answers holds
    kind: type[Fact] | None = None
    #: what a service answers beside `error` and `cid`
    fields: Mapping[str, Any] = {}


def _stored(tag: str, kind: type[Fact], post: type[Open], put: type[Open] | None = None) -> Told:
    return Told(tag=tag, sent={"POST": post, "PUT": put or post}, kind=kind)


def _called(tag: str, sent: type[Open], **fields: Any) -> Told:
    return Told(tag=tag, sent={"POST": sent}, fields=fields)


#: By `Route.name`. A route that is not here is not in the document, and a test says so.
TOLD: Mapping[str, Told] = {
    "agenda": _stored("Agendas", Agenda, OpenAgenda, OpenStoredAgenda),
    "progress": _stored("Progress", AgendaProgress, OpenProgressRecord),
    "operation": _stored("Progress", OperationProgress, OpenOperationRecord),
    "customer": _stored("Catalogue", Customer, OpenCustomer),
    "resourcepool": _stored("Catalogue", ResourcePool, OpenResourcePool),
    "insight": _stored("Catalogue", Insight, OpenInsight),
    "agendatemplate": _stored("Catalogue", AgendaTemplate, OpenAgendaTemplate),
    "run": _called("Agendas", RunTemplate, agendas=list[Agenda], all=list[Agenda]),
    "createAgenda": _called("Agendas", CreateAgenda, agendas=list[Agenda], all=list[Agenda]),
    "rerun": _called("Agendas", Rerun),
    "cancel": _called("Agendas", Cancel),
    "summary": _called(
        "Progress",
        Summary,
        progressList=list[AgendaProgress],
        processingState=ProcessingState,
        processingPercent=float,
    ),
    "getAgenda": _called(
        "Execution", GetAgenda, agendas=list[Agenda], all=list[Agenda], agendaProgresses=list[AgendaProgress]
    ),
    "updateAgendaProgress": _called("Execution", UpdateProgress),
    "updateAgenda": _called("Execution", UpdateAgenda, agenda=Agenda),
    "handBackAgenda": _called("Execution", HandBack),
    "pause": _called("Catalogue", Pause),
    "resume": _called("Catalogue", Pause),
    "timers": _called("Operators", RunTimers, dryRun=bool, processes=list[Due]),
}
