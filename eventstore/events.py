"""What can happen: every event, beside the command that asks for it. Pure.

| command (eventstore.commands) | event |
|---|---|
| SubmitAgenda    | AgendaSubmitted |
| DispatchAgenda  | AgendaDispatched |
| ReturnDispatch  | DispatchReturned |
| ExpireDispatch  | DispatchExpired |
| ReportProgress  | ProgressReported, ReportSuperseded |
| HandBackAgenda  | AgendaHandedBack |
| ReclaimAgenda   | AgendaReclaimed |
| RetryAgenda     | AgendaRetried |
| RerunAgenda     | AgendaRerun |
| ExpandAgenda    | AgendaExpanded |
| CancelAgenda    | AgendaCancelled |
| DeleteAgenda    | AgendaDeleted |
| DeleteProgress  | ProgressDeleted |
| SaveAgenda      | AgendaSaved |
| SaveProgress    | ProgressSaved |
| SaveOperation   | OperationSaved |
| DeleteOperation | OperationDeleted |
| ReapRun         | RunReaped |
| ReapObjects     | ObjectsReaped |
| SaveCustomer    | CustomerSaved |
| SaveResourcePool| ResourcePoolSaved |
| SaveInsight     | InsightSaved |
| SaveAgendaTemplate | AgendaTemplateSaved |
| DeleteCatalogueObject | CatalogueObjectDeleted |
| PauseInsight    | InsightPaused |
| ResumeInsight   | InsightResumed |
| (opening a log) | LogOpened |

The classes stand in run_events, object_events and catalogue_events; here is the registry.

To add one: the command, the event, a line in EVENTS, its fold in projections.folds (in projections.catalogue.fold
those of the catalogue), its decider, a golden record in tests/golden. To change one: a new class with the next version
in EVENTS, and the old one in upcasters.RETIRED.
"""

from eventstore.catalogue_events import (
    AgendaTemplateSaved,
    CatalogueEvent,
    CatalogueObjectDeleted,
    CustomerSaved,
    InsightPaused,
    InsightResumed,
    InsightSaved,
    ResourcePoolSaved,
)
from eventstore.model import Fact
from eventstore.object_events import (
    AgendaDeleted,
    AgendaSaved,
    ObjectsReaped,
    OperationDeleted,
    OperationSaved,
    ProgressDeleted,
    ProgressSaved,
    RunReaped,
)
from eventstore.run_events import (
    AgendaCancelled,
    AgendaDispatched,
    AgendaExpanded,
    AgendaHandedBack,
    AgendaReclaimed,
    AgendaRerun,
    AgendaRetried,
    AgendaSubmitted,
    DispatchExpired,
    DispatchReturned,
    ProgressReported,
    ReportSuperseded,
    RunEvent,
)


class LogOpened(Fact, frozen=True, kw_only=True):
    """Offset 0 of every partition: which log this is, for ever (design 4.7)."""

    log_id: str
    partitions: int


Event = RunEvent | CatalogueEvent | LogOpened

#: Type name on the wire -> class: the versions that are written now. Written down, never derived, because
#: these names stand in the log for ever.
EVENTS: dict[str, type[Event]] = {
    "agendum.LogOpened.v1": LogOpened,
    "agendum.AgendaSubmitted.v1": AgendaSubmitted,
    "agendum.AgendaDispatched.v1": AgendaDispatched,
    "agendum.DispatchReturned.v1": DispatchReturned,
    "agendum.DispatchExpired.v1": DispatchExpired,
    "agendum.ProgressReported.v2": ProgressReported,
    "agendum.ReportSuperseded.v1": ReportSuperseded,
    "agendum.AgendaHandedBack.v1": AgendaHandedBack,
    "agendum.AgendaReclaimed.v1": AgendaReclaimed,
    "agendum.AgendaRetried.v1": AgendaRetried,
    "agendum.AgendaRerun.v1": AgendaRerun,
    "agendum.AgendaExpanded.v1": AgendaExpanded,
    "agendum.AgendaCancelled.v1": AgendaCancelled,
    "agendum.AgendaDeleted.v1": AgendaDeleted,
    "agendum.ProgressDeleted.v1": ProgressDeleted,
    "agendum.AgendaSaved.v1": AgendaSaved,
    "agendum.ProgressSaved.v1": ProgressSaved,
    "agendum.OperationSaved.v1": OperationSaved,
    "agendum.OperationDeleted.v1": OperationDeleted,
    "agendum.RunReaped.v1": RunReaped,
    "agendum.ObjectsReaped.v1": ObjectsReaped,
    "agendum.CustomerSaved.v1": CustomerSaved,
    "agendum.ResourcePoolSaved.v1": ResourcePoolSaved,
    "agendum.InsightSaved.v1": InsightSaved,
    "agendum.AgendaTemplateSaved.v1": AgendaTemplateSaved,
    "agendum.CatalogueObjectDeleted.v1": CatalogueObjectDeleted,
    "agendum.InsightPaused.v1": InsightPaused,
    "agendum.InsightResumed.v1": InsightResumed,
}
TYPES: dict[type[Event], str] = {cls: name for name, cls in EVENTS.items()}

__all__ = [
    "EVENTS",
    "TYPES",
    "AgendaCancelled",
    "AgendaDeleted",
    "AgendaDispatched",
    "AgendaExpanded",
    "AgendaHandedBack",
    "AgendaReclaimed",
    "AgendaRerun",
    "AgendaRetried",
    "AgendaSaved",
    "AgendaSubmitted",
    "AgendaTemplateSaved",
    "CatalogueEvent",
    "CatalogueObjectDeleted",
    "CustomerSaved",
    "DispatchExpired",
    "DispatchReturned",
    "Event",
    "InsightPaused",
    "InsightResumed",
    "InsightSaved",
    "LogOpened",
    "ObjectsReaped",
    "OperationDeleted",
    "OperationSaved",
    "ProgressDeleted",
    "ProgressReported",
    "ProgressSaved",
    "ReportSuperseded",
    "ResourcePoolSaved",
    "RunEvent",
    "RunReaped",
]
