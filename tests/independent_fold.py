"""The referee: folds the records of one partition into its rows, byte for byte, knowing nothing of projections.

Written from the events' docstrings alone, over plain dictionaries. Graves are left out: a replay need not know what
was removed.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from struct import pack
from typing import Any
from zlib import crc32

import msgspec

from eventstore.upcasters import upcast

BASE = "id cid customerId title addedTime updatedTime "
STATE = "processingState processingStateMessage diagnosticEvents "
ORDER = {
    b"h": "version link last agendas progress requests deleted inbox",
    b"a": BASE + "operations params jobId linkId progressId agendaInsight",
    b"p": BASE + "agendaId linkId externalId " + STATE + "attemptsCompleted maximumAttempts startedTime completedTime"
    " percentComplete params agendaInsight",
    b"o": BASE + "agendaProgressId operation " + STATE + "percentComplete attemptCount attemptTime startedTime"
    " completedTime resultPayload params attempt",
    b"g": "customerId insightId added ready attempt open bound dispatch expires superseded refused"
    " heard reclaimed failed failures cancelled queue epoch number anew",
}
CATALOGUE = ("CustomerSaved", "ResourcePoolSaved", "InsightSaved", "AgendaTemplateSaved", "CatalogueObjectDeleted")
Rows = dict[bytes, tuple[int, dict[str, Any]]]


def fold(records: Iterable[Any], partitions: int, version: int = 5) -> dict[bytes, bytes]:
    """Rows as they are stored, of everything that is not removed."""
    rows: Rows = {}
    for record in records:
        read = _read(record, partitions)
        if read is not None:
            _apply(rows, record, *read)
    return {key: pack(">qH", at, version) + msgspec.json.encode(_tidy(key[:1], row)) for key, (at, row) in rows.items()}


def _read(record: Any, partitions: int) -> tuple[dict[str, str], str, dict[str, Any]] | None:
    if record.key in (None, b"\0log") or crc32(record.key) % partitions != record.partition:
        return None
    try:
        meta = {name: value.decode() for name, value in record.headers}
        if not meta["ce_type"].startswith("agendum."):
            return None
        kind, body = upcast(meta["ce_type"], json.loads(record.value))
        if kind.split(".")[1] in ("LogOpened", "InsightPaused", "InsightResumed", *CATALOGUE):
            return None
        return (meta, kind.split(".")[1], body) if int(meta["ce_streamversion"]) and meta["ce_id"] else None
    except (KeyError, ValueError, TypeError):
        return None


def _apply(  # noqa: C901  # one page that says it all: it is the referee
    rows: Rows, record: Any, meta: dict[str, str], kind: str, body: dict[str, Any]
) -> None:
    key, at, number = record.key, record.offset, int(meta["ce_streamversion"])
    head = dict(rows.get(b"h\0" + key, (0, {}))[1])
    if number != head.get("version", 0) + 1 or meta.get("ce_prev") != head.get("link"):
        return
    parts = [key, *(part for name, value in sorted(record.headers) for part in (name.encode(), value)), record.value]
    link = sha256(b"".join(pack(">I", len(part)) + part for part in parts)).hexdigest()
    head = {**head, "version": number, "link": link, "last": meta["ce_id"], "deleted": None}
    if "ce_request" in meta:
        head["requests"] = [*(head.get("requests") or []), [meta["ce_id"], meta["ce_request"]]][-8:]
    if "ce_inbox" in meta:
        partition, offset = map(int, meta["ce_inbox"].split("@"))
        head["inbox"] = {**(head.get("inbox") or {}), str(partition): offset}
    agendas = head["agendas"] = dict(head.get("agendas", {}))
    name = str(body.get("agendaId", ""))
    known = dict(agendas.get(name, {}))
    lay = []
    if kind == "AgendaSubmitted":
        agenda, ready = body["agenda"], body.get("ready")
        insight = agenda.get("agendaInsight", {}).get("insightId")
        agendas[agenda["id"]] = {"customerId": agenda["customerId"], "insightId": insight, "added": ready}
        agendas[agenda["id"]]["ready"] = ready is not None
        head["progress"] = True
        rows[b"a\0" + key + b"\0" + agenda["id"].encode()] = (at, agenda)
        lay = [(b"p\0" + key, body["progress"])]
    elif kind == "AgendaDeleted":
        agendas.pop(name, None)
        rows.pop(b"a\0" + key + b"\0" + name.encode(), None)
        there = agendas or head.get("progress") or any(row.startswith(b"o\0" + key + b"\0") for row in rows)
        head["deleted"] = None if there else _ms(meta["ce_time"])
    elif kind == "ProgressDeleted":
        head["progress"], head["deleted"] = False, None if agendas else _ms(meta["ce_time"])
        head["agendas"] = {one: {**agenda, "heard": None, "failed": None} for one, agenda in agendas.items()}
        for gone in [row for row in rows if row == b"p\0" + key or row.startswith(b"o\0" + key + b"\0")]:
            del rows[gone]
    elif kind == "AgendaSaved":
        place = b"a\0" + key + b"\0" + body["agenda"]["id"].encode()
        lay = [(place, body["agenda"])] if place in rows else []
    elif kind in ("OperationSaved", "OperationDeleted"):
        identity = body["id"] if kind == "OperationDeleted" else body["operation"]["id"]
        own = identity.startswith(key.decode() + "-") and identity != key.decode() + "-"
        place = b"o\0" + key + b"\0" + (identity[len(key.decode()) + 1 :] if own else "\x01" + identity).encode()
        if kind == "OperationSaved":
            lay = [(place, body["operation"])]
        else:
            rows.pop(place, None)
            there = agendas or head.get("progress") or any(row.startswith(b"o\0" + key + b"\0") for row in rows)
            head["deleted"] = None if there else _ms(meta["ce_time"])
    elif kind == "ObjectsReaped":
        mine, whole = b"o\0" + key + b"\0", body.get("progress", False)
        for one in body.get("agendas", []):
            agendas.pop(one, None)
            rows.pop(b"a\0" + key + b"\0" + one.encode(), None)
        if whole:
            head["progress"] = False
            head["agendas"] = {one: {**agenda, "heard": None, "failed": None} for one, agenda in agendas.items()}
            rows.pop(b"p\0" + key, None)
        for gone in [row for row in rows if row.startswith(mine)]:
            if whole or gone[len(mine) :].decode() in body.get("operations", []):
                del rows[gone]
        left = agendas or head.get("progress") or any(row.startswith(mine) for row in rows)
        head["deleted"] = None if left else _ms(meta["ce_time"])
    elif "progress" in body:
        lay = [(b"p\0" + key, body["progress"])]
    if kind == "ProgressSaved":
        head["progress"] = True
        named = {**rows.get(b"p\0" + key, (0, {}))[1], **body["progress"]}.get("agendaId", "")
        name = named if named in agendas or len(agendas) != 1 else next(iter(agendas))
        known = dict(agendas.get(name, {}))
    if name in agendas:
        progress = {**rows.get(b"p\0" + key, (0, {}))[1], **body.get("progress", {})}
        agendas[name] = _agenda_head(kind, known, body, progress)
    if kind == "AgendaRerun":
        lay += _rerun(rows, at, key, name, body, _ms(meta["ce_time"]))
    for operation in body.get("stopped", []):
        change = {"operation": operation, "processingState": "COMPLETE", "processingStateMessage": "cancelled"}
        change |= {"updatedTime": _ms(meta["ce_time"]), "completedTime": _ms(meta["ce_time"])}
        lay.append((b"o\0" + key + b"\0" + operation.encode(), change))
    if kind == "AgendaExpanded":
        lay = [(b"p\0" + key, _expanded(rows, at, key, name, body, _ms(meta["ce_time"])))]
        for entry in body["operations"]:
            rows.pop(b"o\0" + key + b"\0" + entry["operation"].encode(), None)
    for entry in () if kind == "ObjectsReaped" else body.get("operations") or []:
        lay.append((b"o\0" + key + b"\0" + entry["operation"].encode(), entry))
    for row, change in lay:
        rows[row] = (at, {**rows.get(row, (0, {}))[1], **change})
    rows[b"h\0" + key] = (at, head)
    if kind == "RunReaped":
        del rows[b"h\0" + key]


def _rerun(rows: Rows, at: int, key: bytes, name: str, body: dict[str, Any], now: int) -> list[Any]:
    gone, row = body.get("removed", []), b"a\0" + key + b"\0" + name.encode()
    if gone and row in rows:
        agenda = rows[row][1]
        left = [one for one in agenda.get("operations", []) if one["name"] not in gone]
        rows[row] = (at, {**agenda, "operations": left, "updatedTime": now})
    for one in gone:
        rows.pop(b"o\0" + key + b"\0" + one.encode(), None)
    change: dict[str, Any] = {"processingState": "WAITING", "processingStateMessage": "pending", "diagnosticEvents": []}
    change |= {"percentComplete": 0.0, "resultPayload": body.get("result"), "updatedTime": now}
    keys = [b"o\0" + key + b"\0" + one.encode() for one in body.get("reset", [])]
    return [(one, change) for one in keys if one in rows]


def _expanded(rows: Rows, at: int, key: bytes, name: str, body: dict[str, Any], now: int) -> dict[str, Any]:
    row = b"a\0" + key + b"\0" + name.encode()
    if row in rows:
        agenda = rows[row][1]
        new = {one["name"]: one for one in body["added"]}
        operations = [new.pop(one["name"], one) for one in agenda.get("operations", [])] + [*new.values()]
        rows[row] = (at, {**agenda, "operations": operations, "updatedTime": now})
        if "params" in body:
            rows[row][1]["params"] = {**agenda.get("params", {}), **body["params"]}
    progress = dict(body["progress"])
    if "params" in body:
        progress["params"] = {**rows.get(b"p\0" + key, (0, {}))[1].get("params", {}), **body["params"]}
    return progress


def _agenda_head(kind: str, known: dict[str, Any], body: dict[str, Any], progress: dict[str, Any]) -> dict[str, Any]:
    attempt = body.get("attempt", 0)
    over = [*(known.get("superseded") or []), known["bound"]][-8:] if known.get("bound") is not None else None
    if kind == "AgendaDispatched":
        new = {"ready": False, "attempt": attempt, "open": True, "bound": None, "dispatch": body["dispatchId"]}
        new |= {name: body[name] for name in ("expires", "queue", "epoch", "number")}
        new |= {"reclaimed": False, "heard": None, "failed": None}
        return {**known, **new, "superseded": over or known.get("superseded")}
    if kind in ("DispatchReturned", "DispatchExpired"):
        return {**known, "ready": True, "added": body["ready"], "dispatch": None, "expires": None}
    if kind == "ProgressReported":
        opens = attempt > known.get("attempt", 0)
        done = body["progress"].get("processingState") == "COMPLETE"
        new = {"ready": False, "attempt": attempt, "open": not done and (known.get("open", False) or opens)}
        new |= {"bound": body.get("bound"), "dispatch": None, "expires": None, "reclaimed": False, "anew": False}
        executing = progress.get("processingState") == "EXECUTING"
        new |= {"heard": progress["updatedTime"] if executing else None, **_failure(known, progress)}
        return {**known, **new, "superseded": (over if opens else None) or known.get("superseded")}
    if kind == "ProgressSaved":
        state, moved = body["progress"].get("processingState"), body["progress"].get("processingStateMessage")
        if known.get("cancelled"):
            return known
        new = {"dispatch": None, "expires": None} if state in ("EXECUTING", "COMPLETE") else {}
        new |= {"open": known.get("open", False) and state != "COMPLETE"}
        new |= {"reclaimed": known.get("reclaimed", False) and not state and moved is None}
        new |= {"heard": progress["updatedTime"] if progress.get("processingState") == "EXECUTING" else None}
        return {**known, **new, **(_failure(known, progress) if state or moved is not None else {})}
    if kind == "AgendaReclaimed":
        return {**known, "heard": None, "reclaimed": True, **_failure(known, progress)}
    if kind == "AgendaRetried":
        new = {} if known.get("open") else {"bound": None, "superseded": over or known.get("superseded")}
        return {**known, **new, "ready": True, "added": body["ready"], "failed": None}
    if kind in ("AgendaHandedBack", "AgendaCancelled", "AgendaRerun"):
        new = dict.fromkeys(("bound", "dispatch", "expires", "heard", "failed")) | {"open": False, "reclaimed": False}
        new |= {"superseded": over or known.get("superseded"), "ready": "ready" in body}
        new |= {"cancelled": kind == "AgendaCancelled" or (kind == "AgendaHandedBack" and known.get("cancelled"))}
        new |= {"anew": bool(body.get("reset"))} if kind == "AgendaRerun" else {}
        return {**known, **new, "added": body.get("ready", known.get("added"))}
    if kind == "ReportSuperseded":
        return {**known, "refused": [*(known.get("refused") or []), body["startedTime"]][-8:]}
    return known


def _failure(known: dict[str, Any], progress: dict[str, Any]) -> dict[str, Any]:
    count = progress.get("attemptsCompleted", 0)
    failed = progress.get("processingState") == "COMPLETE" and progress.get("processingStateMessage") == "failed"
    again = failed and known.get("added") is not None and count < min(20, progress.get("maximumAttempts", 3))
    return {"failed": progress["updatedTime"] if again else None, "failures": count or None}


def _ms(text: str) -> int:
    from datetime import datetime  # noqa: PLC0415

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _tidy(kind: bytes, row: dict[str, Any]) -> dict[str, Any]:
    tidy = {name: row[name] for name in ORDER[kind].split() if row.get(name) is not None and row[name] is not False}
    if kind == b"h" and not tidy["agendas"]:
        del tidy["agendas"]
    elif kind == b"h":
        tidy["agendas"] = {name: _tidy(b"g", agenda) for name, agenda in tidy["agendas"].items()}
    if kind == b"g" and tidy.get("attempt") == 0:
        del tidy["attempt"]
    return tidy
