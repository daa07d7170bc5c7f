"""What the topic and the rows say, against what clients were told (issue step 6)."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import rocksdict

from eventstore.log import Record
from projections.rows import PREFIX_LENGTH, is_primary
from tests.faults.load import Load
from tests.independent_fold import fold

PARTITIONS = 12


def applied(records: list[Record]) -> list[tuple[str, str, dict[str, Any], str]]:
    """(stream, kind, body, event id) of every event that counts, by the rule of versions and links alone."""
    heads: dict[str, tuple[int, str | None]] = {}
    found = []
    for record in records:
        if record.key is None or record.key == b"\0log":
            continue
        meta = {name: value.decode() for name, value in record.headers}
        stream = record.key.decode()
        version, link = heads.get(stream, (0, None))
        if int(meta["ce_streamversion"]) != version + 1 or meta.get("ce_prev") != link:
            continue
        heads[stream] = (version + 1, _link(record))
        found.append((stream, meta["ce_type"].split(".")[1], json.loads(record.value or b"{}"), meta["ce_id"]))
    return found


def _link(record: Record) -> str:
    from eventstore.envelope import link_of  # noqa: PLC0415  # pinned by golden records; the referee has its own

    return link_of(record.key or b"", record.headers, record.value or b"")


def violations(load: Load, log: dict[int, list[Record]]) -> list[str]:
    """Everything that should not be, in words."""
    events = [event for records in log.values() for event in applied(records)]
    rows = {key: value for records in log.values() for key, value in fold(records, PARTITIONS).items()}
    return [*_submissions(load, events), *_dispatches(events), *_reports(load, events, rows), *_others(load, events)]


def _submissions(load: Load, events: list[Any]) -> list[str]:
    count = Counter(body["agenda"]["id"] for _, kind, body, _ in events if kind == "AgendaSubmitted")
    links = Counter(body["agenda"].get("linkId") for _, kind, body, _ in events if kind == "AgendaSubmitted")
    found = [
        f"agenda of {key} is there {count[a['id']]} times" for key, a in load.accepted.items() if count[a["id"]] != 1
    ]
    return found + [f"key {key} made {links[key]} agendas" for key in load.accepted if links[key] != 1]


def _dispatches(events: list[Any]) -> list[str]:
    out: set[str] = set()
    found = []
    for _, kind, body, _ in events:
        agenda = body.get("agendaId", "")
        if kind == "AgendaDispatched":
            if agenda in out:
                found.append(f"{agenda} was handed out twice")
            out.add(agenda)
        elif kind in ("DispatchReturned", "DispatchExpired", "AgendaHandedBack", "AgendaRetried"):
            out.discard(agenda)
    return found


def _reports(load: Load, events: list[Any], rows: dict[bytes, bytes]) -> list[str]:
    done: Counter[tuple[str, str, int]] = Counter()
    for stream, kind, body, _ in events:
        if kind == "ProgressReported":
            for entry in body.get("operations") or []:
                if entry.get("processingState") == "COMPLETE":
                    done[stream, entry["operation"], body.get("attempt", 0)] += 1
    found = [f"{key} was completed {n} times" for key, n in done.items() if n > 1]
    for progress, name, _ in load.reported:
        row = rows.get(b"o\0" + progress.encode() + b"\0" + name.encode())
        if row is None or json.loads(row[PREFIX_LENGTH:]).get("processingState") != "COMPLETE":
            found.append(f"acknowledged report of {progress} {name} is missing")
    for key, agenda in load.accepted.items():
        row = rows.get(b"p\0" + agenda["progressId"].encode())
        if row is None or json.loads(row[PREFIX_LENGTH:]).get("processingState") != "COMPLETE":
            found.append(f"run of {key} did not reach its end")
    return found


def _others(load: Load, events: list[Any]) -> list[str]:
    ids = Counter((stream, identity) for stream, _, _, identity in events)
    found = [f"event {key} is applied {n} times" for key, n in ids.items() if n > 1]
    return found + [f"an older state was read: {stale}" for stale in load.stale]


def rows_on_disk(data: Path) -> dict[int, dict[bytes, bytes]]:
    """Every row of a stopped worker, by partition, graves left out."""
    found = {}
    for folder in data.glob("v*/tables/views-*.db"):
        db = rocksdict.Rdict(str(folder), rocksdict.Options(raw_mode=True))
        number = int(folder.stem.rpartition("-")[2])
        rows = cast("Iterator[tuple[bytes, bytes]]", db.items())  # raw mode: bytes alone
        found[number] = {key: value for key, value in rows if is_primary(key) and len(value) > PREFIX_LENGTH}
        db.close()
    return found


def differences(stored: dict[int, dict[bytes, bytes]], log: dict[int, list[Record]]) -> list[str]:
    """Rows that differ from the referee's, byte for byte."""
    found = []
    for number, rows in stored.items():
        wanted = fold(log[number], PARTITIONS)
        wrong = [key for key in rows.keys() | wanted.keys() if rows.get(key) != wanted.get(key)]
        found += [f"partition {number} {key!r}: {rows.get(key)!r}, expected {wanted.get(key)!r}" for key in wrong]
    return found
