"""What someone wants: commands, in the order of their events (eventstore.events). Pure.

Everything that a decision needs comes in with the command: ids, sealed payloads, looked-up facts, and `now`, which
the owner stamps when it begins to decide. Tagged, because a command travels one hop to the owner of its stream.
"""

from eventstore.callers import SERVICE, Caller, Command
from eventstore.catalogue_commands import (
    CatalogueCommand,
    DeleteCatalogueObject,
    PauseInsight,
    ResumeInsight,
    SaveAgendaTemplate,
    SaveCustomer,
    SaveInsight,
    SaveResourcePool,
)
from eventstore.run_commands import (
    CancelAgenda,
    DeleteAgenda,
    DeleteOperation,
    DeleteProgress,
    DispatchAgenda,
    ExpandAgenda,
    ExpireDispatch,
    HandBackAgenda,
    ReapObjects,
    ReapRun,
    ReclaimAgenda,
    ReportProgress,
    RerunAgenda,
    RetryAgenda,
    ReturnDispatch,
    RunCommand,
    SaveAgenda,
    SaveOperation,
    SaveProgress,
    SubmitAgenda,
)

__all__ = [
    "SERVICE",
    "Caller",
    "CancelAgenda",
    "CatalogueCommand",
    "Command",
    "DeleteAgenda",
    "DeleteCatalogueObject",
    "DeleteOperation",
    "DeleteProgress",
    "DispatchAgenda",
    "ExpandAgenda",
    "ExpireDispatch",
    "HandBackAgenda",
    "PauseInsight",
    "ReapObjects",
    "ReapRun",
    "ReclaimAgenda",
    "ReportProgress",
    "RerunAgenda",
    "ResumeInsight",
    "RetryAgenda",
    "ReturnDispatch",
    "RunCommand",
    "SaveAgenda",
    "SaveAgendaTemplate",
    "SaveCustomer",
    "SaveInsight",
    "SaveOperation",
    "SaveProgress",
    "SaveResourcePool",
    "SubmitAgenda",
]
