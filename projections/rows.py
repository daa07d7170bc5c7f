"""Rows: what the views are made of, their keys and their stored form (design 4.4). Pure.

| row | key | holds |
|---|---|---|
| head | h NUL stream | version, link, and per agenda what scheduling and attempts need |
| agenda | a NUL stream NUL agenda id | Agenda |
| progress | p NUL stream | AgendaProgress |
| operation | o NUL stream NUL name | OperationProgress |

A stored value is the source offset of the event that made it (8 bytes), the fold's version (2 bytes), then the
row's JSON; an empty JSON is a *grave*: the row was removed at that offset, and an older copy must not bring it back.
Stream ids never contain NUL (checked where ids come in).
"""

from struct import Struct as Packer
from typing import Any

import msgspec

from eventstore.model import Agenda, AgendaProgress, Fact, OperationProgress

#: Changes whenever the same log would fold to other rows, or rows to other index rows: every partition is then rebuilt
#: before it serves.
FOLD_VERSION = 5

APPLIED = b"\0applied"
#: What stands for the sum of rows of which not all are written.
IN_PART = ""
#: What the keys of rows begin with that stand in the changelog and count in the digest.
PRIMARY = frozenset((b"h\0", b"a\0", b"p\0", b"o\0"))
PREFIX_LENGTH = 10
#: What the keys of operation rows have in them whose ids are odd (odd_name).
ODD = b"\0\x01"
_PREFIX = Packer(">qH")


class AgendaHead(Fact, frozen=True, kw_only=True):
    """What scheduling and attempts need to know of one agenda of a run (design 4.2, 4.8)."""

    customer_id: str
    insight_id: str | None = None
    #: its place in the line: epoch ms since which it counts as waiting; kept through dispatch and return
    added: int | None = None
    ready: bool = False
    #: number of the latest attempt, 0 before the first
    attempt: int = 0
    #: the latest attempt has not been completed
    open: bool = False
    #: the executor's start time that the latest attempt belongs to
    bound: int | None = None
    #: id of the dispatch of which nothing was heard yet, and until when that is patience (epoch ms)
    dispatch: str | None = None
    expires: int | None = None
    #: start times whose attempts are over, the last few
    superseded: list[int] | None = None
    #: those of them whose late report is already on record
    refused: list[int] | None = None
    #: epoch ms of the executor's last sign of life on record, while it executes
    heard: int | None = None
    #: the latest attempt was taken for lost; a late report of it is welcome until the next one
    reclaimed: bool = False
    #: epoch ms at which the latest attempt failed with attempts left, and how many have failed
    failed: int | None = None
    failures: int | None = None
    #: ended by someone: reports are refused
    cancelled: bool = False
    #: the last dispatch: queue, and decision number (epoch, n)
    queue: str | None = None
    epoch: int | None = None
    number: int | None = None
    #: operations were reset by a rerun, and nothing was heard since: the next start time counts, not the first one
    anew: bool = False

    @property
    def is_watched(self) -> bool:
        """Time alone may make something due: an expiry, a reclaim, a retry."""
        return self.expires is not None or self.heard is not None or self.failed is not None


class Head(Fact, frozen=True, kw_only=True):
    """The head of a run's stream."""

    version: int
    #: link to the last applied event (envelope.link_of)
    link: str
    #: id of the last applied event
    last: str
    agendas: dict[str, AgendaHead] = {}  # noqa: RUF012  # msgspec copies it
    #: a progress row exists
    progress: bool = False
    #: last commands that came with an Idempotency-Key, or must not be decided twice: (event id, body digest)
    requests: list[tuple[str, str]] | None = None
    #: epoch ms at which the last of the run was deleted: this row is a tombstone
    deleted: int | None = None
    #: per inbox partition the highest offset whose command led to an event here (design 4.9)
    inbox: dict[str, int] | None = None

    @property
    def at_rest(self) -> bool:
        """Nothing of the run waits for a puller, an executor or a timer."""
        return not any(agenda.ready or agenda.is_watched for agenda in self.agendas.values())


Row = Head | Agenda | AgendaProgress | OperationProgress
#: What one event changes: row key -> the row as it is now, None where it is gone.
Changes = dict[bytes, Row | None]


class Applied(Fact, frozen=True, kw_only=True):
    """Closes each complete batch: up to where all rows are durable, and what they sum to (design 4.4)."""

    #: id of the log (LogOpened) whose offsets these are
    log_id: str
    #: source offset up to which every row is in the batch or before it
    offset: int
    fold: int
    #: sum mod 2**128 of the digests of all primary rows, in hex; IN_PART: they are being written anew
    digest: str
    #: names the changelog that this row was written to; "" by releases that had no such names
    changelog: str = ""


def head_key(stream: str) -> bytes:
    """Key of a run's head row."""
    return b"h\0" + stream.encode()


def agenda_key(stream: str, agenda_id: str) -> bytes:
    """Key of an agenda row."""
    return b"a\0" + stream.encode() + b"\0" + agenda_id.encode()


def progress_key(stream: str) -> bytes:
    """Key of a progress row."""
    return b"p\0" + stream.encode()


def operation_key(stream: str, name: str) -> bytes:
    """Key of an operation row."""
    return b"o\0" + stream.encode() + b"\0" + name.encode()


def odd_name(identity: str) -> str:
    """What stands for the name in the key of an operation row whose id is not `<stream>-<name>`."""
    return "\x01" + identity


def row_name(stream: str, identity: str) -> str:
    """What stands in the key of an operation row, of its id: the name behind `<stream>-`, or the id, marked."""
    name = identity.removeprefix(f"{stream}-")
    return name if name and name != identity else odd_name(identity)


def operations_prefix(stream: str) -> bytes:
    """What the keys of all operation rows of a run begin with."""
    return b"o\0" + stream.encode() + b"\0"


def stream_of(key: bytes) -> str:
    """The stream that a primary row's key belongs to."""
    return key.split(b"\0", 2)[1].decode()


def is_primary(key: bytes) -> bool:
    """Whether a key is of a row that stands in the changelog and counts in the digest."""
    return key[:2] in PRIMARY


_encode = msgspec.json.Encoder().encode
_decoders: dict[bytes, Any] = {
    b"h": msgspec.json.Decoder(Head).decode,
    b"a": msgspec.json.Decoder(Agenda).decode,
    b"p": msgspec.json.Decoder(AgendaProgress).decode,
    b"o": msgspec.json.Decoder(OperationProgress).decode,
}


def prefix(offset: int, fold: int = FOLD_VERSION) -> bytes:
    """The ten bytes before a row's JSON; also the changelog's header `row`."""
    return _PREFIX.pack(offset, fold)


def offset_of(value: bytes) -> int:
    """Source offset of a stored value or of a prefix."""
    return int.from_bytes(value[:8], "big", signed=True)


def fold_of(value: bytes) -> int:
    """Fold version of a stored value or of a prefix."""
    return int.from_bytes(value[8:10], "big")


def write_row(offset: int, row: Row | None) -> bytes:
    """Stored form of a row; None makes a grave."""
    return _PREFIX.pack(offset, FOLD_VERSION) + (b"" if row is None else _encode(row))


def write_rows(offset: int, changes: Changes) -> dict[bytes, bytes]:
    """Stored forms of all rows that one event changes."""
    start = _PREFIX.pack(offset, FOLD_VERSION)
    return {key: start if row is None else start + _encode(row) for key, row in changes.items()}


def read_row(key: bytes, value: bytes | None) -> Any:
    """The row of a stored value, of the type that the key says; None for a grave or nothing."""
    if value is None or len(value) == PREFIX_LENGTH:
        return None
    # A copy: of a few hundred bytes it costs less than a view of them, of the largest a tenth of what decoding does.
    return _decoders[key[:1]](value[PREFIX_LENGTH:])
