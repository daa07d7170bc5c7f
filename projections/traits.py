"""What the index keys of a stored row depend on: a few of its fields, and only those are decoded. Pure."""

from typing import Any

import msgspec

from projections.rows import PREFIX_LENGTH

MINUTE = 60_000


class _Object(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The fields of an agenda or an operation that its index keys are made of."""

    id: str | None = None
    link_id: str | None = None
    customer_id: str | None = None
    cid: str | None = None
    title: str | None = None
    job_id: str | None = None
    agenda_progress_id: str | None = None
    operation: str | None = None
    added_time: int | None = None


class _Progress(msgspec.Struct, frozen=True, rename="camel", gc=False):
    link_id: str | None = None
    customer_id: str | None = None
    agenda_id: str | None = None
    external_id: str | None = None
    cid: str | None = None
    title: str | None = None
    processing_state: str | None = None
    processing_state_message: str | None = None
    added_time: int | None = None
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


_decode_progress = msgspec.json.Decoder(_Progress).decode
_decode_object = msgspec.json.Decoder(_Object).decode
_decode_head = msgspec.json.Decoder(_Head).decode

#: What a row's index keys depend on, besides its key: equal traits, equal index keys.
Traits = tuple[Any, ...]


def traits_of(key: bytes, value: bytes | None) -> Traits | None:
    """The traits of a stored row; None where it has no index keys at all. Raises MsgspecError.

    Every row is weighed when it is written and when it is restored, mostly to find that nothing of this has changed:
    so only these fields are decoded, and a scan of a long payload makes no objects.
    """
    if value is None or len(value) == PREFIX_LENGTH:
        return None
    row = value[PREFIX_LENGTH:]
    kind = key[:1]
    if kind == b"h":
        return _traits_of_head(_decode_head(row))
    if kind == b"p":
        progress = _decode_progress(row)
        minute = None if progress.updated_time is None else max(progress.updated_time, 0) // MINUTE
        return (
            progress.added_time,
            progress.link_id,
            progress.customer_id,
            progress.agenda_id,
            progress.external_id,
            progress.cid,
            progress.title,
            progress.processing_state,
            progress.processing_state_message,
            minute,
        )
    found = _decode_object(row)
    if kind == b"a":
        return found.added_time, found.id, found.link_id, found.customer_id, found.cid, found.title, found.job_id
    odd = found.id != f"{found.agenda_progress_id}-{found.operation}"
    return found.added_time, found.customer_id, found.id if odd else None


def _traits_of_head(head: _Head) -> Traits:
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
