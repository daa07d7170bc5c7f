"""The table of routes (spec 2.1). What is not here yet has no handler: 405, as POP answers."""

from collections.abc import Mapping
from functools import partial

import msgspec

from eventstore.errors import BadRequest
from handlers.endpoints import (
    agendas,
    batches,
    catalogue,
    expansions,
    pausing,
    progress,
    reruns,
    saving,
    template_runs,
    timers,
    work,
)
from handlers.endpoints.ask import Ask, Endpoint, Reply


class Route(msgspec.Struct, frozen=True):
    """One path: its name in metrics, its methods, and whether it answers as a service does."""

    name: str
    methods: Mapping[str, Endpoint]
    service: bool = False


async def not_implemented(ask: Ask) -> Reply:
    """Services are POST only (spec 2.7)."""
    raise BadRequest(f"{ask.request.method} is not implemented for this endpoint")


def _service(name: str, post: Endpoint) -> Route:
    others = dict.fromkeys(("GET", "PUT", "DELETE"), not_implemented)
    return Route(name, {"POST": post, **others}, service=True)


def _catalogue(name: str, collection: catalogue.Collection) -> Route:
    methods = {"GET": catalogue.get, "POST": catalogue.post, "PUT": catalogue.put, "DELETE": catalogue.delete}
    return Route(name, {method: partial(answer, collection=collection) for method, answer in methods.items()})


_OPERATION = Route(
    "operation",
    {
        "GET": progress.get_operation_progress,
        "POST": saving.post_operation,
        "PUT": saving.put_operation,
        "DELETE": saving.delete_operation,
    },
)

#: Paths without an id. `service` paths win over `{objectid}` (spec 2.1).
PATHS: Mapping[str, Route] = {
    "pop/customer": _catalogue("customer", catalogue.CUSTOMERS),
    "pop/resourcepool": _catalogue("resourcepool", catalogue.POOLS),
    "pop/insight": _catalogue("insight", catalogue.INSIGHTS),
    "pop/agendatemplate": _catalogue("agendatemplate", catalogue.TEMPLATES),
    "pop/agenda": Route(
        "agenda", {"GET": agendas.get, "POST": agendas.post, "PUT": saving.put_agenda, "DELETE": agendas.delete}
    ),
    "pop/progress/agenda": Route(
        "progress",
        {
            "GET": progress.get_agenda_progress,
            "POST": saving.post_progress,
            "PUT": saving.put_progress,
            "DELETE": progress.delete_agenda_progress,
        },
    ),
    "pop/progress/operation": _OPERATION,
    "progress/agenda/operation": _OPERATION,
    "pop/progress/agenda/service": _service("summary", progress.summary),
    "pop/resourcepool/service/getAgenda": _service("getAgenda", work.get_agenda),
    "pop/resourcepool/service/updateAgendaProgress": _service("updateAgendaProgress", work.update_agenda_progress),
    "pop/resourcepool/service/handBackAgenda": _service("handBackAgenda", work.hand_back_agenda),
    "pop/agenda/service/run": _service("run", template_runs.post),
    "pop/agenda/service/rerun": _service("rerun", reruns.post),
    "pop/resourcepool/service/createAgenda": _service("createAgenda", batches.post),
    "pop/resourcepool/service/updateAgenda": _service("updateAgenda", expansions.post),
    "pop/agenda/service/cancel": _service("cancel", agendas.cancel),
    "pop/insight/service/pause": _service("pause", pausing.pause),
    "pop/timers/service/run": _service("timers", timers.run_timers),
    "pop/insight/service/resume": _service("resume", pausing.resume),
}

_ROOTS = ("pop/", "progress/")


def find(raw_path: str, base: str = "") -> tuple[Route, str | None] | None:
    """The route of a raw path below a base, and the undecoded id in it; with or without a stage between (spec 2.1)."""
    if not raw_path.startswith(f"{base}/"):
        return None
    path = raw_path[len(base) :].strip("/")
    found = _find(path)
    if found is None and "/" in path:
        found = _find(path.split("/", 1)[1])
    return found


def _find(path: str) -> tuple[Route, str | None] | None:
    if not path.startswith(_ROOTS):
        return None
    route = PATHS.get(path)
    if route is not None:
        return route, None
    collection, _, identity = path.rpartition("/")
    route = PATHS.get(collection)
    if route is None or route.service:
        return None
    return route, identity
