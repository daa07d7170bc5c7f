"""The kinds of data objects as the command line knows them: where they live, what is sent, what a list shows. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from eventstore import model
from handlers.wire.objects import (
    OpenAgendaTemplate,
    OpenCustomer,
    OpenInsight,
    OpenOperationRecord,
    OpenProgressRecord,
    OpenResourcePool,
    OpenStoredAgenda,
)
from handlers.wire.requests import Open


class Kind(StrEnum):
    """What KIND may be."""

    CUSTOMER = "customer"
    RESOURCE_POOL = "resourcepool"
    INSIGHT = "insight"
    TEMPLATE = "agendatemplate"
    AGENDA = "agenda"
    PROGRESS = "progress"
    OPERATION = "operation"


class About(msgspec.Struct, frozen=True):
    """One kind: its path, the type that is sent, the type that is kept, and the columns of a list."""

    path: str
    sent: type[Open]
    kept: type[model.Base]
    columns: Sequence[str]
    #: who gets room first on a narrow terminal, where that is not the order of the columns
    foremost: Sequence[str] = ()

    @property
    def fields(self) -> frozenset[str]:
        """Every field that a file may name: what is sent, and what is shown and cannot be set."""
        shown = {"kind", "global", "insightIds", "operationProgress", "diagnostics"}
        return frozenset({*self.sent.__struct_encode_fields__, *self.kept.__struct_encode_fields__, *shown})


_CATALOGUE = ("id", "customerId", "title")
_STATE = ("processingState", "processingStateMessage", "percentComplete")
#: The message says most: it tells the ends from each other.
_FOREMOST = ("id", "processingStateMessage", "processingState", "percentComplete")
KINDS: Mapping[Kind, About] = {
    Kind.CUSTOMER: About("customer", OpenCustomer, model.Customer, (*_CATALOGUE, "resourcePoolId")),
    Kind.RESOURCE_POOL: About("resourcepool", OpenResourcePool, model.ResourcePool, (*_CATALOGUE, "insightIds")),
    Kind.INSIGHT: About(
        "insight", OpenInsight, model.Insight, (*_CATALOGUE, "resourcePoolId", "queueName", "schedulingAlgorithm")
    ),
    Kind.TEMPLATE: About(
        "agendatemplate", OpenAgendaTemplate, model.AgendaTemplate, (*_CATALOGUE, "isGlobal", "isDefaultTemplate")
    ),
    Kind.AGENDA: About(
        "agenda",
        OpenStoredAgenda,
        model.Agenda,
        ("id", "customerId", "linkId", "title", "addedTime"),
        ("id", "addedTime"),
    ),
    Kind.PROGRESS: About(
        "progress/agenda",
        OpenProgressRecord,
        model.AgendaProgress,
        ("id", "customerId", "linkId", *_STATE),
        _FOREMOST,
    ),
    Kind.OPERATION: About(
        "progress/operation",
        OpenOperationRecord,
        model.OperationProgress,
        ("id", "operation", *_STATE, "attemptCount"),
        _FOREMOST,
    ),
}
#: What a column is called, where that is not its field's name.
HEADS = {
    "customerId": "customer",
    "resourcePoolId": "pool",
    "insightIds": "insights",
    "queueName": "queue",
    "schedulingAlgorithm": "algorithm",
    "isGlobal": "global",
    "isDefaultTemplate": "default",
    "linkId": "link",
    "addedTime": "added",
    "processingState": "state",
    "processingStateMessage": "message",
    "percentComplete": "%",
    "attemptCount": "attempts",
}


def heads(kind: Kind) -> list[str]:
    """The heads of a list's columns."""
    return [HEADS.get(name, name) for name in KINDS[kind].columns]


def cells(kind: Kind, found: Mapping[str, Any], *, brief: bool = False) -> list[str]:
    """An object as a row of a list; in brief its times are without seconds."""
    return [cell(name, found.get(name), brief=brief) for name in KINDS[kind].columns]


def cell(name: str, value: Any, *, brief: bool = False) -> str:
    """A field's value as people read it; times in UTC."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case int() if name.endswith("Time"):
            return moment(value, brief=brief)
        case str() | int():
            return str(value)
        case list() if all(isinstance(entry, str) for entry in value):
            return ", ".join(value) or "-"
        case _:
            return msgspec.json.encode(value).decode()


def moment(ms: int, *, brief: bool = False) -> str:
    """Epoch ms as a time of the day, UTC."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M" if brief else "%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(ms)
