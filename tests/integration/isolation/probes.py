"""Every way in, by route and method: requests of Bob's about an object, made once for Ann's and once for none."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from eventstore.ids import partition_of
from handlers.clock import draw
from handlers.endpoints.routes import Route
from tests.integration.isolation.world import ANN, BOB, in_path

PARTITIONS = 12
#: (path and query, body) about the object of an id
Request = tuple[str, Any]
Objects = Mapping[str, Mapping[str, Any]]


class Probe(msgspec.Struct, frozen=True):
    """Requests about the objects of one collection, each of which must tell Bob as much as about none."""

    about: str
    requests: Callable[[str], list[Request]]


def missing(identity: str) -> str:
    """An id of nothing that looks as much like another one as can be, and falls into the same partitions."""
    if len(identity) < 36 or identity[23:24] != "-":
        return identity[:-3] + "zzz"
    # An operation's id is looked for in the partition of each of its parts: only the last of them differs.
    while (found := identity[:24] + draw()[24:] + identity[36:]) == identity or any(
        partition_of(found[:n], PARTITIONS) != partition_of(identity[:n], PARTITIONS) for n in (36, len(identity))
    ):
        pass
    return found


def _reads(path: str) -> Callable[[str], list[Request]]:
    def requests(identity: str) -> list[Request]:
        one, text = f"/{path}/{in_path(identity)}", in_path(identity)
        queries = ("", "?bycount=true", "?byfields=id,customerId,title", "?bylimit=1", "?cursor=", "?byid=other")
        asked = [f"{one}{query}" for query in queries]
        asked += [f"/{path}?id={text}", f"/{path}?byid={text}", f"/{path}?byid={text}&bycount=true&bylimit=5"]
        return [(each, None) for each in [*asked, f"/dev/{path}?byid={text}&cursor="]]

    return requests


def _removes(path: str) -> Callable[[str], list[Request]]:
    def requests(identity: str) -> list[Request]:
        return [(f"/{path}/{in_path(identity)}", None), (f"/{path}?id={in_path(identity)}", None)]

    return requests


def _changes(path: str) -> Callable[[str], list[Request]]:
    def requests(identity: str) -> list[Request]:
        bodies: list[dict[str, Any]] = [{"title": "Bob's"}, {"customerId": BOB}, {"isGlobal": True}]
        return [(f"/{path}/{in_path(identity)}", body) for body in bodies] + [
            (f"/{path}", {"id": identity, "customerId": BOB, "title": "Bob's"})
        ]

    return requests


def _collection(path: str, about: str) -> dict[tuple[str, str], Probe]:
    made = {"GET": _reads, "DELETE": _removes, "PUT": _changes}
    return {(path, method): Probe(about, build(path)) for method, build in made.items()}


def _service(path: str, about: str, *bodies: Callable[[str], Any]) -> dict[tuple[str, str], Probe]:
    others = {
        (path, method): Probe(about, lambda identity: [(f"/{path}?id={in_path(identity)}", None)])
        for method in ("GET", "PUT", "DELETE")
    }
    return {**others, (path, "POST"): Probe(about, lambda identity: [(f"/{path}", body(identity)) for body in bodies])}


def _report(**more: Any) -> Callable[[str], Any]:
    return lambda identity: {"agendaProgress": {"id": identity, "processingState": "EXECUTING", **more}}


_AGENDA = {"customerId": BOB, "operations": [{"name": "x", "type": "t"}]}
AGENDA, RUN, INSIGHT, TEMPLATE = "pop/agenda", "pop/progress/agenda", "pop/insight", "pop/agendatemplate"

PROBES: dict[tuple[str, str], Probe] = {
    **_collection("pop/customer", "pop/customer"),
    **_collection("pop/resourcepool", "pop/resourcepool"),
    **_collection("pop/insight", "pop/insight"),
    **_collection("pop/agendatemplate", TEMPLATE),
    **_collection("pop/agenda", AGENDA),
    **_collection("pop/progress/agenda", RUN),
    **_collection("pop/progress/operation", "pop/progress/operation"),
    **_collection("progress/agenda/operation", "pop/progress/operation"),
    ("pop/agenda", "POST"): Probe(RUN, lambda identity: [("/pop/agenda", {**_AGENDA, "progressId": identity})]),
    **_service("pop/progress/agenda/service", RUN, lambda identity: {"linkId": identity}),
    **_service(
        "pop/resourcepool/service/getAgenda",
        INSIGHT,
        lambda identity: {"insightId": identity, "count": 1},
        lambda identity: {"insightId": identity, "count": 0},
    ),
    **_service(
        "pop/resourcepool/service/updateAgendaProgress",
        RUN,
        _report(startedTime=7),
        _report(startedTime="when?"),
        _report(operationProgress=[{"operation": "x", "completedTime": "when?"}]),
        _report(operationProgress=[{"operation": "new", "processingState": "COMPLETE"}], percentComplete=1),
    ),
    **_service(
        "pop/resourcepool/service/handBackAgenda",
        RUN,
        lambda identity: {"agendaProgressId": identity, "startedTime": 7},
        lambda identity: {"agendaProgressId": identity, "startedTime": "when?"},
    ),
    **_service(
        "pop/agenda/service/run",
        TEMPLATE,
        lambda identity: {"agendaTemplateId": identity, "payload": "{}"},
        lambda identity: {"agendaTemplateId": identity, "payload": "{"},
    ),
    **_service(
        "pop/agenda/service/rerun",
        AGENDA,
        lambda identity: {"agendaId": identity},
        lambda identity: {"agendaId": identity, "params": ["operationsToReset=x", "continue"]},
        lambda identity: {"agendaId": identity, "params": ["operationsToReset=nothing"]},
    ),
    **_service(
        "pop/resourcepool/service/createAgenda",
        RUN,
        lambda identity: {"agendas": [{**_AGENDA, "progressId": identity}]},
        lambda identity: {"agendas": [{**_AGENDA, "customerId": ANN, "progressId": identity}]},
    ),
    **_service(
        "pop/resourcepool/service/updateAgenda",
        AGENDA,
        lambda identity: {"agendaId": identity, "operations": [{"name": "z", "type": "t"}]},
        lambda identity: {"agendaId": identity, "operations": [{"name": "x", "type": "t"}], "params": {"a": 1}},
    ),
    **_service("pop/agenda/service/cancel", AGENDA, lambda identity: {"agendaId": identity}),
    **_service("pop/insight/service/pause", INSIGHT, lambda identity: {"insightId": identity, "reason": "x"}),
    **_service("pop/insight/service/resume", INSIGHT, lambda identity: {"insightId": identity, "reason": "x"}),
    **_service("pop/timers/service/run", AGENDA, lambda _: {"dryRun": True}),
}
#: A POST that makes an object under an id that is taken is refused, where one that is free is not: no twin can be the
#: same. What must hold is in test_isolation's own test for them.
MADE = {
    (path, "POST")
    for path in (
        *("pop/customer", "pop/resourcepool", "pop/insight", "pop/agendatemplate", "pop/progress/agenda"),
        *("pop/progress/operation", "progress/agenda/operation"),
    )
}


def unlisted(paths: Mapping[str, Route]) -> set[tuple[str, str]]:
    """Routes and methods that nothing here probes."""
    return {(path, method) for path, route in paths.items() for method in route.methods} - PROBES.keys() - MADE


def attributes(wire: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every query that an object fits: its attributes, and their values as texts."""
    for name, value in wire.items():
        yield name, value if isinstance(value, str) else json.dumps(value)
