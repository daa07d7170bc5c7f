"""Requests as POP's Java clients send them, byte by byte (spec 2.6, 14.1)."""

import json
from typing import Any

#: What the JDK sends with a service request; lines end as HTTP wants it.
JDK = """POST /dev/pop/{path} HTTP/1.1
Authorization: dummy-value
User-Agent: Java/11.0.9
Host: 127.0.0.1
Accept: text/html, image/gif, image/jpeg, */*; q=0.2
Connection: keep-alive
"""
FORM = "Content-type: application/x-www-form-urlencoded\nContent-Length: {length}\n"


def jdk(path: str, body: Any = None) -> bytes:
    """A POST as POP's clients send it; of nothing: without a body, its length and its type."""
    sent = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    lines = JDK.format(path=path) + ("" if body is None else FORM.format(length=len(sent))) + "\n"
    return lines.replace("\n", "\r\n").encode() + sent


def said(answer: bytes) -> Any:
    """The JSON of an answer that was HTTP 200."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), answer
    return json.loads(body)


def whole(identity: str, **more: Any) -> dict[str, Any]:
    """A report as the executor sends it: every field, what is not set as null."""
    fields = (
        "cid", "customerId", "title", "updatedTime", "addedTime", "agendaId", "linkId", "externalId", "processingState",
        "processingStateMessage", "operationProgress", "diagnosticEvents", "attemptsCompleted", "maximumAttempts",
        "startedTime", "completedTime", "percentComplete", "params", "agendaInsight",
    )  # fmt: skip
    return {"agendaProgress": {**dict.fromkeys(fields), "id": identity, "startedTime": 1000, **more}}
