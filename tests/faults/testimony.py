"""What clients were told, against the topic (issue step 6)."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Protocol

from eventstore.log import Record
from projections.rows import PREFIX_LENGTH
from tests.faults.known import Known
from tests.independent_fold import fold


class Told(Protocol):
    """What clients were told (tests.faults.load)."""

    #: key -> the agenda that was answered
    accepted: dict[str, dict[str, Any]]
    #: (progress, operation, start of the executor) of each acknowledged completion
    reported: list[tuple[str, str, int]]
    #: (progress, start of the executor, message) of each acknowledged end of a run
    ended: list[tuple[str, int, str]]
    #: agenda id -> how often some puller was given it
    handed: Counter[str]
    #: what every later read had to show, and which did not
    known: Known


def applied(records: list[Record]) -> list[tuple[str, str, dict[str, Any], str]]:
    """(stream, kind, body, event id) of every event that counts."""
    found = []
    for record, kind, body in counted(records):
        (identity,) = (value.decode() for name, value in record.headers if name == "ce_id")
        found.append(((record.key or b"").decode(), kind, body, identity))
    return found


def counted(records: list[Record]) -> Iterator[tuple[Record, str, dict[str, Any]]]:
    """(record, kind, body) of every event that counts, by the rule of versions and links alone."""
    heads: dict[str, tuple[int, str | None]] = {}
    for record in records:
        if record.key is None or record.key == b"\0log":
            continue
        meta = {name: value.decode() for name, value in record.headers}
        stream = record.key.decode()
        version, link = heads.get(stream, (0, None))
        if meta.get("ce_streamversion") != str(version + 1) or meta.get("ce_prev") != link:
            continue
        heads[stream] = (version + 1, _link(record))
        yield record, meta["ce_type"].split(".")[1], json.loads(record.value or b"{}")


def _link(record: Record) -> str:
    from eventstore.envelope import link_of  # noqa: PLC0415  # pinned by golden records; the referee has its own

    return link_of(record.key or b"", record.headers, record.value or b"")


def violations(load: Told, log: dict[int, list[Record]]) -> list[str]:
    """Everything that should not be, in words."""
    events = [event for records in log.values() for event in applied(records)]
    rows = {key: value for records in log.values() for key, value in fold(records, len(log)).items()}
    return [
        *_submissions(load, events),
        *_dispatches(load, events),
        *_completions(events),
        *_reports(load, events, rows),
        *_ends(load, events, rows),
        *_others(load, events),
    ]


def _submissions(load: Told, events: list[Any]) -> list[str]:
    count = Counter(body["agenda"]["id"] for _, kind, body, _ in events if kind == "AgendaSubmitted")
    links = Counter(body["agenda"].get("linkId") for _, kind, body, _ in events if kind == "AgendaSubmitted")
    found = [
        f"agenda of {key} is there {count[a['id']]} times" for key, a in load.accepted.items() if count[a["id"]] != 1
    ]
    found += [f"key {key} made {links[key]} agendas" for key in load.accepted if links[key] != 1]
    return found + [f"an agenda of {link} is there, which nobody was told of" for link in links.keys() - load.accepted]


def _dispatches(load: Told, events: list[Any]) -> list[str]:
    out: set[str] = set()
    count: Counter[str] = Counter()
    found = []
    for _, kind, body, _ in events:
        agenda = body.get("agendaId", "")
        if kind == "AgendaDispatched":
            count[agenda] += 1
            if agenda in out:
                found.append(f"{agenda} was handed out twice")
            out.add(agenda)
        elif kind == "ProgressReported":
            out.add(agenda)  # somebody has it, be it that the dispatch had expired
        elif kind in ("DispatchReturned", "DispatchExpired", "AgendaHandedBack", "AgendaRetried"):
            # What is returned was given to nobody.
            count[agenda] -= kind == "DispatchReturned"
            out.discard(agenda)
    more = [(agenda, n) for agenda, n in load.handed.items() if n > count[agenda]]
    return found + [f"{agenda} was given to {n} pullers, the log tells of {count[agenda]}" for agenda, n in more]


def _completed(events: list[Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Completions, of which those of a later attempt say only what they changed: the result."""
    for stream, kind, body, _ in events:
        if kind == "ProgressReported":
            for entry in body.get("operations") or []:
                if entry.get("processingState") == "COMPLETE" or "resultPayload" in entry:
                    yield stream, entry["operation"], body


def _completions(events: list[Any]) -> list[str]:
    done = Counter((stream, name, body.get("attempt", 0)) for stream, name, body in _completed(events))
    return [f"{key} was completed {n} times" for key, n in done.items() if n > 1]


def _state(rows: dict[bytes, bytes], kind: bytes, *names: str) -> dict[str, Any]:
    row = rows.get(b"\0".join([kind, *(name.encode() for name in names)]))
    return {} if row is None else dict(json.loads(row[PREFIX_LENGTH:]))


def _reports(load: Told, events: list[Any], rows: dict[bytes, bytes]) -> list[str]:
    # By its own start: a later attempt that completed the operation again would hide a loss from the rows.
    logged = {(stream, name, body.get("bound")) for stream, name, body in _completed(events)}
    found = []
    for progress, name, started in load.reported:
        if _state(rows, b"o", progress, name).get("processingState") != "COMPLETE":
            found.append(f"acknowledged report of {progress} {name} is missing")
        elif (progress, name, started) not in logged:
            found.append(f"acknowledged report of {progress} {name} by start {started} is not in the log")
    return found


def _ends(load: Told, events: list[Any], rows: dict[bytes, bytes]) -> list[str]:
    said = Counter(
        (stream, body.get("bound"))
        for stream, kind, body, _ in events
        if kind == "ProgressReported" and body["progress"].get("processingState") == "COMPLETE"
    )
    found = [f"the end of {key} is applied {n} times" for key, n in said.items() if n > 1]
    for progress, started, _ in load.ended:
        if not said[progress, started]:
            found.append(f"acknowledged end of {progress} by start {started} is not in the log")
    for key, agenda in load.accepted.items():
        row = _state(rows, b"p", agenda["progressId"])
        if not is_over(row):
            found.append(f"run of {key} did not reach its end")
        names = [each["name"] for each in agenda.get("operations") or []]
        open_ = [n for n in names if _state(rows, b"o", agenda["progressId"], n).get("processingState") != "COMPLETE"]
        if open_ and row.get("processingStateMessage") == "succeeded":
            found.append(f"run of {key} succeeded without {open_}")
    return found


def is_over(progress: dict[str, Any]) -> bool:
    """Complete for good: what failed with attempts left runs again a second later."""
    failed = progress.get("processingStateMessage") == "failed"
    left = progress.get("attemptsCompleted", 0) < progress.get("maximumAttempts", 0)
    return progress.get("processingState") == "COMPLETE" and not (failed and left)


def _others(load: Told, events: list[Any]) -> list[str]:
    kinds: dict[tuple[str, str], list[str]] = {}
    for stream, kind, _, identity in events:
        kinds.setdefault((stream, identity), []).append(kind)
    found = [f"event {key} is applied {len(kind)} times: {kind}" for key, kind in kinds.items() if len(kind) > 1]
    return found + [f"an older state was read: {stale}" for stale in load.known.stale]
