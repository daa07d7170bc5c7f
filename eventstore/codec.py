"""Events to bytes and back. Pure.

msgspec both ways: measured on a report event with two operations it encodes structs with absent Nones
directly, where orjson would need a dictionary built first (see tests/benchmarks).
"""

import msgspec

from eventstore.envelope import Envelope, Headers, read_headers, write_headers
from eventstore.errors import TooNew, Unreadable
from eventstore.events import EVENTS, Event
from eventstore.upcasters import RETIRED, upcast

_encoder = msgspec.json.Encoder()
_decoders = {name: msgspec.json.Decoder(cls) for name, cls in EVENTS.items()}


def encode(envelope: Envelope, event: Event) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of one record."""
    return _encoder.encode(event), write_headers(envelope)


def decode(headers: Headers, value: bytes | None) -> tuple[Envelope, Event]:
    """The event that stands in a record; raises Unreadable (drop it) or TooNew (leave)."""
    envelope = read_headers(headers)
    if value is None:
        raise Unreadable(f"expected the JSON of a {envelope.type}, found no value")
    return envelope, decode_event(envelope.type, value)


def decode_event(name: str, value: bytes) -> Event:
    """The event of a type name and its JSON, lifted to the current version."""
    decoder = _decoders.get(name)
    try:
        if decoder is not None:
            return decoder.decode(value)
        if name in RETIRED:
            return _lift(name, value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        raise Unreadable(f"expected the JSON of a {name}: {wrong}") from None
    if name.startswith("agendum."):
        raise TooNew(
            f"expected one of the event types this release knows, found {name}: "
            "a newer release writes to this log; upgrade this worker"
        )
    raise Unreadable(f"expected an event type of ours (agendum.…), found {name!r}")


def _lift(name: str, value: bytes) -> Event:
    body = msgspec.json.decode(value, type=dict)
    try:
        current, body = upcast(name, body)
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        # A step is written for bodies that its version allowed; what stands here never was one.
        raise Unreadable(f"expected the JSON of a {name}, which its upcaster can lift: {wrong!r}") from None
    return msgspec.convert(body, EVENTS[current])
