"""A record as an auditor reads it: one JSON object, whatever stands there. Pure.

| field | meaning |
|---|---|
| topic, partition, offset | where it stands |
| time | when the broker appended it |
| key | the stream; `{"base64": …}` if it is no text, null if there is none |
| verdict | applied, duplicate, stale, foreign: what every reader made of it, where that is known |
| dropped | why it counts for nobody: it is no event of this topic, or not of this partition |
| event, type | the event's name, and the type and version that was written |
| envelope | the other attributes of its CloudEvents envelope |
| body | the event |
| headers, value | instead of these, of a record that is no event: text or JSON where it is, else `{"base64": …}` |
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec

from eventstore.codec import decode
from eventstore.envelope import Envelope, format_time
from eventstore.errors import TooNew, Unreadable
from eventstore.events import Event
from eventstore.log import Record
from eventstore.reading import Dropped, Read

#: How the body of an event is shown: the event, whose it is, and the bytes it was read from.
Body = Callable[[Event, Envelope, bytes], Any]


def as_written(_: Event, __: Envelope, value: bytes) -> Any:
    """The body exactly as it stands in the log, sealed fields and old versions included."""
    return msgspec.Raw(msgspec.json.format(value, indent=-1))


def described(record: Record, read: Read | Dropped, body: Body, verdict: str | None = None) -> dict[str, Any]:
    """A record and what it means, as one JSON object."""
    found = _place(record)
    if verdict is not None:
        found["verdict"] = verdict
    if isinstance(read, Read):
        return {**found, **_event(read.envelope, read.event, record.value or b"", body)}
    found["dropped"] = read.reason
    try:
        envelope, event = decode(record.headers, record.value)
    except (Unreadable, TooNew):
        return {**found, **_raw(record)}
    return {**found, **_event(envelope, event, record.value or b"", body)}


def described_raw(record: Record) -> dict[str, Any]:
    """A record of a topic that holds no events."""
    return {**_place(record), **_raw(record)}


def _place(record: Record) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "time": format_time(record.timestamp),
        "key": None if record.key is None else _text(record.key),
    }


def _event(envelope: Envelope, event: Event, value: bytes, body: Body) -> dict[str, Any]:
    around = {
        "id": envelope.id,
        "source": envelope.source,
        "time": format_time(envelope.time),
        "streamVersion": envelope.version,
        "prev": envelope.prev,
        "customerId": envelope.customer_id,
        "correlation": envelope.correlation,
        "cause": envelope.cause,
        "request": envelope.request,
        "keyId": envelope.key_id,
    }
    return {
        "event": type(event).__name__,
        "type": envelope.type,
        "envelope": {name: said for name, said in around.items() if said is not None},
        "body": body(event, envelope, value),
    }


def _raw(record: Record) -> dict[str, Any]:
    headers = [[name, None if content is None else _text(content)] for name, content in record.headers]
    return {"headers": headers, "value": None if record.value is None else _json(record.value)}


def _text(content: bytes) -> Any:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _bytes(content)


def _json(content: bytes) -> Any:
    try:
        content.decode()
        return msgspec.Raw(msgspec.json.format(content, indent=-1))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _bytes(content)


def _bytes(content: bytes) -> dict[str, str]:
    return {"base64": b64encode(content).decode()}
