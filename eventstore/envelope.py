"""CloudEvents in Kafka's binary mode: what stands around every event (design 4.7). Pure.

Written and read by hand because it is on the path of every event; a test proves it equal to the CloudEvents SDK
both ways. Attributes become headers `ce_<name>`; the extensions are ours:

| header | meaning |
|---|---|
| ce_streamversion | version of the stream that this event makes, from 1 |
| ce_prev | link to the previous *applied* event of the stream (`link_of`), absent on the first |
| ce_customerid | whose record this is |
| ce_correlation, ce_cause | POP's cid; id of the event or command that led to this one |
| ce_request | digest of the request body, when it came with an Idempotency-Key or must not be decided a second time |
| ce_keyid | id of the key that sealed fields were sealed with |
| ce_inbox | `<partition>@<offset>` of the inbox record that asked for it, when it came by topic |
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from struct import Struct as Packer

import msgspec

from eventstore.errors import Unreadable

Headers = Sequence[tuple[str, bytes]]

_JSON = ("content-type", b"application/json")
_SPEC = ("ce_specversion", b"1.0")
_REQUIRED = ("ce_id", "ce_type", "ce_source", "ce_time", "ce_streamversion")
_LENGTH = Packer(">I").pack


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event's attributes. `time` is epoch ms, UTC; `version` counts from 1."""

    id: str
    type: str
    source: str
    time: int
    version: int
    prev: str | None = None
    customer_id: str | None = None
    correlation: str | None = None
    cause: str | None = None
    request: str | None = None
    key_id: str | None = None
    #: partition and offset of the inbox record that asked for it
    inbox: tuple[int, int] | None = None


def write_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """Kafka headers of an envelope, in the order that every writer uses."""
    headers = [
        _SPEC,
        ("ce_id", envelope.id.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_time", format_time(envelope.time).encode()),
        _JSON,
        ("ce_streamversion", b"%d" % envelope.version),
    ]
    # Spelled out, like the reading below: a loop over the fields' names costs twice as much.
    if envelope.prev is not None:
        headers.append(("ce_prev", envelope.prev.encode()))
    if envelope.customer_id is not None:
        headers.append(("ce_customerid", envelope.customer_id.encode()))
    if envelope.correlation is not None:
        headers.append(("ce_correlation", envelope.correlation.encode()))
    if envelope.cause is not None:
        headers.append(("ce_cause", envelope.cause.encode()))
    if envelope.request is not None:
        headers.append(("ce_request", envelope.request.encode()))
    if envelope.key_id is not None:
        headers.append(("ce_keyid", envelope.key_id.encode()))
    if envelope.inbox is not None:
        headers.append(("ce_inbox", b"%d@%d" % envelope.inbox))
    return headers


def read_headers(headers: Headers) -> Envelope:
    """The envelope that stands in a record's headers; raises Unreadable."""
    found = dict(headers)
    if found.get("ce_specversion") != b"1.0":
        raise Unreadable(f"expected ce_specversion 1.0, found {found.get('ce_specversion')!r}")
    if None in found.values():
        raise Unreadable("expected every header to have a value, found one without")
    get = found.get
    try:
        return Envelope(
            id=found["ce_id"].decode(),
            type=found["ce_type"].decode(),
            source=found["ce_source"].decode(),
            time=parse_time(found["ce_time"].decode()),
            version=int(found["ce_streamversion"]),
            prev=None if (text := get("ce_prev")) is None else text.decode(),
            customer_id=None if (text := get("ce_customerid")) is None else text.decode(),
            correlation=None if (text := get("ce_correlation")) is None else text.decode(),
            cause=None if (text := get("ce_cause")) is None else text.decode(),
            request=None if (text := get("ce_request")) is None else text.decode(),
            key_id=None if (text := get("ce_keyid")) is None else text.decode(),
            inbox=None if (text := get("ce_inbox")) is None else _position(text),
        )
    except KeyError as missing:
        raise Unreadable(f"expected the headers {', '.join(_REQUIRED)}; {missing} is not there") from None
    except ValueError as wrong:
        raise Unreadable(f"expected readable header values: {wrong}") from None


def _position(text: bytes) -> tuple[int, int]:
    partition, offset = text.split(b"@")
    return int(partition), int(offset)


def link_of(key: bytes, headers: Headers, value: bytes) -> str:
    """SHA-256 over length-prefixed key, sorted headers and value: what the next event's `prev` must say.

    The pre-image: key, then name and content of each header, sorted by (name, content), then value; before each of
    these its length as four bytes, big-endian; names in UTF-8. The answer is lower-case hexadecimal.
    """
    pieces = [_LENGTH(len(key)), key]
    for name, content in sorted(headers):
        pieces += (_begun(name, len(content)), content)
    pieces += (_LENGTH(len(value)), value)
    return sha256(b"".join(pieces)).hexdigest()


@lru_cache(maxsize=256)
def _begun(name: str, length: int) -> bytes:
    # Names recur with every event, and mostly so do the lengths of what they say: all before it in one piece.
    encoded = name.encode()
    return _LENGTH(len(encoded)) + encoded + _LENGTH(length)


def format_time(epoch_ms: int) -> str:
    """RFC 3339 with milliseconds, as CloudEvents wants it."""
    seconds, ms = divmod(epoch_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=64)
def _second(epoch: int) -> str:
    # Many events fall into one second, and formatting it costs more than the rest of the headers.
    return datetime.fromtimestamp(epoch, UTC).isoformat()[:19]


def parse_time(text: str) -> int:
    """Epoch ms of an RFC 3339 time; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
