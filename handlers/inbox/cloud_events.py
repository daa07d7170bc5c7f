"""A CloudEvent 1.0 in a Kafka record, in binary mode (headers) or structured mode (one JSON). Pure."""

from collections.abc import Mapping

import msgspec

from eventstore.errors import BadRequest
from eventstore.log import Record

STRUCTURED = "application/cloudevents"
#: An attribute is at most so long.
WORD_BYTES = 1024


class NoCloudEvent(BadRequest):
    """The record is no CloudEvent 1.0 in either mode."""

    title = "NoCloudEvent"


class _Structured(msgspec.Struct):
    """A CloudEvent in structured mode; `data` stays as it was written."""

    specversion: str
    id: str
    source: str
    type: str
    correlation: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: bytes | None = None


_decode_structured = msgspec.json.Decoder(_Structured).decode


def attributes(record: Record, value: bytes) -> tuple[dict[str, str], bytes]:
    """The attributes of an event, by name, and its data. Raises NoCloudEvent."""
    headers = {name.lower(): content for name, content in record.headers if content is not None}
    try:
        if headers.get("content-type", b"").decode().lower().startswith(STRUCTURED):
            return _structured(value)
        said = {name[3:]: content.decode() for name, content in headers.items() if name.startswith("ce_")}
    except UnicodeDecodeError:
        raise NoCloudEvent("expected headers in UTF-8, found other bytes") from None
    if said.get("specversion") != "1.0":
        raise NoCloudEvent(
            f"expected a CloudEvent 1.0: headers ce_specversion, ce_id, ce_source and ce_type, or content-type "
            f"{STRUCTURED}+json; found ce_specversion {said.get('specversion')!r}"
        )
    return said, value


def _structured(value: bytes) -> tuple[dict[str, str], bytes]:
    try:
        event = _decode_structured(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        raise NoCloudEvent(f"expected one CloudEvent as JSON, as its content-type says: {wrong}") from None
    if event.specversion != "1.0":
        raise NoCloudEvent(f"expected a CloudEvent 1.0, found specversion {event.specversion!r}")
    said = {"id": event.id, "source": event.source, "type": event.type}
    if event.correlation:
        said["correlation"] = event.correlation
    return said, bytes(event.data) if event.data_base64 is None else event.data_base64


def refuse_unsayable(said: Mapping[str, str]) -> None:
    """CloudEvents' own rule for its texts: ids are derived from them, so nothing may be ambiguous.

    Raises NoCloudEvent.
    """
    for name in ("id", "source", "type"):
        text = said.get(name, "")
        if not text or not text.isprintable() or len(text.encode("utf-8", "replace")) > WORD_BYTES:
            raise NoCloudEvent(
                f"expected the attribute {name} as a printable text of 1 to {WORD_BYTES} bytes, found {text[:40]!r}"
            )
