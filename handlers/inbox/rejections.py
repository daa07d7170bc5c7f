"""A command that came by topic and was refused: why, where it stood, and its original bytes (design 4.9). Pure.

A rejection's bytes follow from the record and the refusal alone, and its event id from the record's position: written
twice (at-least-once), it is the same event.
"""

from hashlib import sha256

import msgspec

from eventstore.envelope import format_time
from eventstore.errors import BadRequest, Rejected, Unreadable
from eventstore.ids import derive
from eventstore.log import NewRecord, Record
from eventstore.model import Fact

REJECTED = "agendum.CommandRejected.v1"
#: Of a longer value only so much is kept; of a longer key, or of headers that are longer together, nothing (bytes). So
#: whatever the inbox takes, a rejection of it is less than what a topic takes (eventstore.topics.MESSAGE_BYTES).
KEPT_BYTES = 512 << 10
#: What a header counts for beside name and content, as JSON has it.
HEADER_BYTES = 16
#: Of longer messages only so much is said (characters).
MESSAGE_LENGTH = 2000


class CommandRejected(Fact, frozen=True, kw_only=True):
    """What became of a record of the inbox that was refused, and the record itself."""

    #: a label for counting: the refusal's title
    reason: str
    #: the code that HTTP would have answered
    code: int
    message: str
    #: where it stood
    topic: str
    partition: int
    offset: int
    #: epoch ms at which the broker appended it
    timestamp: int
    #: the original, Base64: key, headers in order, value (its first 512 KiB); key and headers up to 512 KiB each
    key: bytes | None = None
    headers: list[tuple[str, bytes | None]] = []  # noqa: RUF012  # msgspec copies it
    value: bytes | None = None
    #: length of the whole value, and its SHA-256 in hex
    length: int = 0
    sha256: str | None = None
    #: key or headers were too long to be kept
    headless: bool = False

    @property
    def is_cut(self) -> bool:
        """The original is not whole here."""
        return self.headless or self.length > len(self.value or b"")


class Failed(BadRequest):
    """Our program failed on a record: a fault of ours, said as such."""

    code = 500
    title = "RuntimeException"


def rejection_of(record: Record, wrong: Rejected, source: str) -> tuple[NewRecord, CommandRejected]:
    """The record that tells of a refusal."""
    value = record.value
    key, headers = _kept_of(record)
    rejected = CommandRejected(
        reason=wrong.title,
        code=wrong.code,
        message=str(wrong)[:MESSAGE_LENGTH],
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        key=key,
        headers=headers,
        value=None if value is None else value[:KEPT_BYTES],
        length=len(value or b""),
        sha256=None if value is None else sha256(value).hexdigest(),
        headless=(key, len(headers)) != (record.key, len(record.headers)),
    )
    attributes = [
        ("ce_specversion", b"1.0"),
        ("ce_id", derive(":inbox", record.topic, str(record.partition), record.offset, record.timestamp).encode()),
        ("ce_type", REJECTED.encode()),
        ("ce_source", source.encode()),
        ("ce_time", format_time(record.timestamp).encode()),
        ("content-type", b"application/json"),
    ]
    return NewRecord(key or b"", msgspec.json.encode(rejected), attributes), rejected


def _kept_of(record: Record) -> tuple[bytes | None, list[tuple[str, bytes | None]]]:
    """Key and headers, as far as they are kept."""
    key = record.key if record.key is None or len(record.key) <= KEPT_BYTES else None
    weight = sum(len(name.encode()) + len(content or b"") + HEADER_BYTES for name, content in record.headers)
    return key, [*record.headers] if weight <= KEPT_BYTES else []


_decode = msgspec.json.Decoder(CommandRejected).decode


def read_rejection(record: Record) -> CommandRejected:
    """The refusal that a record tells of; raises Unreadable."""
    if dict(record.headers).get("ce_type") != REJECTED.encode():
        raise Unreadable(f"expected {REJECTED} at {record.topic}/{record.partition}@{record.offset}")
    try:
        return _decode(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise Unreadable(f"expected the JSON of a {REJECTED}: {wrong}") from None


def again(rejected: CommandRejected, key: bytes | None) -> NewRecord:
    """The original once more, byte for byte; raises BadRequest where it is not whole or there is no key."""
    if rejected.is_cut:
        raise BadRequest(
            f"expected the whole original, found {len(rejected.value or b'')} of its {rejected.length} bytes"
            f"{', without key or headers' if rejected.headless else ''}: publish "
            f"the original again (SHA-256 {rejected.sha256}), read from {rejected.topic}/{rejected.partition}"
            f"@{rejected.offset} if it is still there"
        )
    key = rejected.key if rejected.key is not None else key
    if key is None:
        raise BadRequest("expected a key, but the original had none: name one")
    return NewRecord(key, rejected.value, [(name, content or b"") for name, content in rejected.headers])
