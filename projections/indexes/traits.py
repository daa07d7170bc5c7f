"""What the index keys of a stored row depend on: a few of its fields, and only those are decoded. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from projections.rows import ODD, PREFIX_LENGTH

MINUTE = 60_000


class AgendaTraits(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The fields of an agenda that its index keys are made of."""

    added_time: int | None = None
    id: str | None = None
    link_id: str | None = None
    customer_id: str | None = None
    cid: str | None = None
    title: str | None = None
    job_id: str | None = None


class OperationTraits(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Those of an operation of an odd id: all others are found by their keys, or in zones."""

    added_time: int | None = None
    id: str | None = None


class ProgressTraits(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Those of a progress."""

    added_time: int | None = None
    link_id: str | None = None
    customer_id: str | None = None
    agenda_id: str | None = None
    external_id: str | None = None
    cid: str | None = None
    title: str | None = None
    processing_state: str | None = None
    processing_state_message: str | None = None
    updated_time: int | None = None


class _AgendaHead(msgspec.Struct, frozen=True, rename="camel", gc=False):
    ready: bool = False
    expires: int | None = None
    heard: int | None = None
    failed: int | None = None
    customer_id: str = ""
    queue: str | None = None
    epoch: int | None = None
    number: int | None = None


class _Head(msgspec.Struct, frozen=True, gc=False):
    agendas: dict[str, _AgendaHead] = {}  # noqa: RUF012  # msgspec copies it
    progress: bool = False
    deleted: int | None = None


_decode_head = msgspec.json.Decoder(_Head).decode
_decode: dict[bytes, Callable[[bytes], Any]] = {
    b"a": msgspec.json.Decoder(AgendaTraits).decode,
    b"p": msgspec.json.Decoder(ProgressTraits).decode,
    b"o": msgspec.json.Decoder(OperationTraits).decode,
    b"h": lambda row: _traits_of_head(_decode_head(row)),
}

#: What a head's index keys depend on, besides its key: ready, watched, served, the minute of its deletion, stray.
HeadTraits = tuple[bool, bool, list[tuple[str, str, int, int]] | None, int | None, bool]
#: The same of any row: equal traits, equal index keys.
Traits = HeadTraits | AgendaTraits | ProgressTraits | OperationTraits


def traits_of(key: bytes, value: bytes | None) -> Any:
    """The traits of a stored row (of the type that the key says); None where it has no index keys at all.

    Raises MsgspecError. Every row is weighed when it is written and when it is restored, mostly to find that nothing of
    this has changed: so only these fields are decoded, and a scan of a long payload makes no objects.
    """
    if value is None or len(value) == PREFIX_LENGTH:
        return None
    kind = key[:1]
    if kind == b"o" and ODD not in key:
        return None
    return _decode[kind](value[PREFIX_LENGTH:])


def known_traits(key: bytes, value: bytes | None) -> Any:
    """The traits of a stored row, none of one that someone wrote by hand: the sum of all rows will tell."""
    try:
        return traits_of(key, value)
    except msgspec.MsgspecError:
        return None


def all_traits(kind: bytes, rows: Sequence[tuple[bytes, bytes]]) -> list[Any]:
    """The traits of stored rows of one kind; None for those that have no index keys."""
    if kind == b"o":
        return [known_traits(key, value) if ODD in key else None for key, value in rows]
    decode = _decode[kind]
    try:
        return [decode(value[PREFIX_LENGTH:]) for _, value in rows]
    except msgspec.MsgspecError:
        return [known_traits(key, value) for key, value in rows]  # there is a grave among them


def _traits_of_head(head: _Head) -> HeadTraits:
    ready = watched = False
    served: list[tuple[str, str, int, int]] | None = None
    for agenda in head.agendas.values():
        ready = ready or agenda.ready
        # As rows.AgendaHead.is_watched says it.
        watched = watched or not (agenda.expires is agenda.heard is agenda.failed is None)
        if agenda.queue is not None and agenda.epoch is not None and agenda.number is not None:
            served = served or []
            served.append((agenda.queue, agenda.customer_id, agenda.epoch, agenda.number))
    deleted = None if head.deleted is None else max(head.deleted, 0) // MINUTE
    return ready, watched, served, deleted, not head.progress and deleted is None
