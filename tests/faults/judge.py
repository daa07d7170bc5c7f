"""What the topic and the rows say, against what clients were told (issue step 6)."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import rocksdict

from eventstore.kafka.log import KafkaLog
from eventstore.log import Record
from eventstore.topics import Topic, Topics
from projections.rows import PREFIX_LENGTH, is_primary
from tests.independent_fold import fold

#: Two proofs of one worker this near to each other are of one ownership (s).
LEASE_SECONDS = 1.0


class Told(Protocol):
    """What clients were told (tests.faults.load)."""

    #: key -> the agenda that was answered
    accepted: dict[str, dict[str, Any]]
    #: (progress, operation, start of the executor) of each acknowledged completion
    reported: list[tuple[str, str, int]]
    #: agenda id -> how often some puller was given it
    handed: Counter[str]
    #: reads without a mark that were older than an answer
    stale: list[str]


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
        *_others(load, events),
    ]


def _submissions(load: Told, events: list[Any]) -> list[str]:
    count = Counter(body["agenda"]["id"] for _, kind, body, _ in events if kind == "AgendaSubmitted")
    links = Counter(body["agenda"].get("linkId") for _, kind, body, _ in events if kind == "AgendaSubmitted")
    found = [
        f"agenda of {key} is there {count[a['id']]} times" for key, a in load.accepted.items() if count[a["id"]] != 1
    ]
    return found + [f"key {key} made {links[key]} agendas" for key in load.accepted if links[key] != 1]


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
        elif kind in ("DispatchReturned", "DispatchExpired", "AgendaHandedBack", "AgendaRetried"):
            out.discard(agenda)
    more = [(agenda, n) for agenda, n in load.handed.items() if n > count[agenda]]
    return found + [f"{agenda} was given to {n} pullers, the log tells of {count[agenda]}" for agenda, n in more]


def _completed(events: list[Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stream, kind, body, _ in events:
        if kind == "ProgressReported":
            for entry in body.get("operations") or []:
                if entry.get("processingState") == "COMPLETE":
                    yield stream, entry["operation"], body


def _completions(events: list[Any]) -> list[str]:
    done = Counter((stream, name, body.get("attempt", 0)) for stream, name, body in _completed(events))
    return [f"{key} was completed {n} times" for key, n in done.items() if n > 1]


def _reports(load: Told, events: list[Any], rows: dict[bytes, bytes]) -> list[str]:
    # Starts only grow. An acknowledged completion stands in the log by that start or, where it changed nothing any
    # more, by an earlier one: a later attempt that completed the operation again would hide a loss from the rows.
    first: dict[tuple[str, str], int] = {}
    for stream, name, body in _completed(events):
        first.setdefault((stream, name), body.get("bound", 0))
    found = []
    for progress, name, started in load.reported:
        row = rows.get(b"o\0" + progress.encode() + b"\0" + name.encode())
        if row is None or json.loads(row[PREFIX_LENGTH:]).get("processingState") != "COMPLETE":
            found.append(f"acknowledged report of {progress} {name} is missing")
        elif first.get((progress, name), started + 1) > started:
            found.append(f"acknowledged report of {progress} {name} by start {started} is not in the log")
    for key, agenda in load.accepted.items():
        row = rows.get(b"p\0" + agenda["progressId"].encode())
        if row is None or json.loads(row[PREFIX_LENGTH:]).get("processingState") != "COMPLETE":
            found.append(f"run of {key} did not reach its end")
    return found


def _others(load: Told, events: list[Any]) -> list[str]:
    kinds: dict[tuple[str, str], list[str]] = {}
    for stream, kind, _, identity in events:
        kinds.setdefault((stream, identity), []).append(kind)
    found = [f"event {key} is applied {len(kind)} times: {kind}" for key, kind in kinds.items() if len(kind) > 1]
    return found + [f"an older state was read: {stale}" for stale in load.stale]


async def whole_log(bootstrap: str, prefix: str, partitions: int = 12) -> dict[int, list[Record]]:
    """The whole topic `agendas`."""
    return await whole_topic(bootstrap, Topics(prefix, partitions).agendas)


async def whole_topic(bootstrap: str, topic: Topic) -> dict[int, list[Record]]:
    """Everything that a topic holds."""
    log = KafkaLog(bootstrap, {topic.name: topic.partitions})
    await log.start()
    try:
        ends = await log.ends(topic.name)
        found: dict[int, list[Record]] = {number: [] for number in ends}
        for number, end in ends.items():
            async for records in log.read(topic.name, number, 0, end):
                found[number].extend(records)
        return found
    finally:
        await log.stop()


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
        wanted = fold(log[number], len(log))
        wrong = [key for key in rows.keys() | wanted.keys() if rows.get(key) != wanted.get(key)]
        found += [f"partition {number} {key!r}: {rows.get(key)!r}, expected {wanted.get(key)!r}" for key in wrong]
    return found


def double_owners(proofs: list[tuple[float, int, str]]) -> list[str]:
    """Partitions that one worker proved between two proofs (when, partition, worker) of another within one lease."""
    found = []
    by_partition: dict[int, list[tuple[float, str]]] = {}
    for at, number, name in sorted(proofs):
        by_partition.setdefault(number, []).append((at, name))
    for number, each in by_partition.items():
        for (at, first), (_, second), (end, third) in zip(each, each[1:], each[2:], strict=False):
            if first == third != second and end - at < LEASE_SECONDS:
                found.append(f"partition {number} had two owners at {at:.1f}")
    return found
