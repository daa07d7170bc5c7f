"""From open wire objects to commands on runs: submission and report (design 4.5, 4.7). Pure."""

import re
from collections.abc import Sequence

from eventstore.commands import ReportProgress, SubmitAgenda
from eventstore.errors import BadRequest
from eventstore.ids import partition_of
from eventstore.model import Agenda, AgendaInsight, AgendaProgress, Insight
from eventstore.sealing import Cipher, seal_map
from handlers.intake.origin import Origin
from handlers.intake.sealed import sealed_diagnostics, sealed_entry, sealed_operation
from handlers.wire.parsing import epoch_ms, text_of
from handlers.wire.requests import OpenAgenda, OpenOperation, OpenProgress

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")


class NumberFormat(BadRequest):
    """A number that is none, as Java calls it (spec 2.3)."""

    title = "NumberFormatException"


def submission(
    agenda: OpenAgenda,
    operations: Sequence[OpenOperation],
    insight: Insight,
    origin: Origin,
    *,
    cipher: Cipher,
    partitions: int,
    turn: int | None,
    catalogue_offset: int,
) -> SubmitAgenda:
    """The command that accepts an agenda. Raises NumberFormat."""
    stream, identity = run_and_agenda(agenda.progress_id, origin, partitions, turn)
    params = agenda.params or {}
    return SubmitAgenda(
        id=origin.identity("command", 0),
        stream=stream,
        caller=origin.caller,
        correlation=origin.correlation,
        request=origin.request,
        inbox=origin.inbox,
        agenda=_agenda(agenda, operations, insight, (identity, stream), origin, cipher),
        reuses_progress=bool(agenda.progress_id),
        do_not_run="doNotRun" in params,
        maximum_attempts=_whole(params.get("maximumAttempts"), "maximumAttempts"),
        external_id=None if params.get("externalId") is None else text_of(params["externalId"]),
        catalogue_offset=catalogue_offset,
    )


def reporting(
    progress: OpenProgress, origin: Origin, *, customer: str, cipher: Cipher, insights: list[str] | None, quiet: int
) -> ReportProgress:
    """The command that takes in a report on a run of a customer, under whose key its payloads are sealed."""
    entries = [entry for entry in progress.operation_progress or [] if entry is not None]
    return ReportProgress(
        id=origin.identity("command", 0),
        stream=progress.id or "",
        caller=origin.caller,
        correlation=origin.correlation,
        request=origin.request,
        inbox=origin.inbox,
        progress=AgendaProgress(
            cid=origin.correlation,
            processing_state=progress.processing_state,
            processing_state_message=progress.processing_state_message,
            diagnostic_events=sealed_diagnostics(progress, customer, cipher),
            percent_complete=progress.percent_complete,
            started_time=epoch_ms(progress.started_time, "startedTime"),
            completed_time=epoch_ms(progress.completed_time, "completedTime"),
        ),
        operations=[sealed_entry(entry, customer, cipher) for entry in entries],
        insights=insights,
        quiet=quiet,
        sealed_for=customer,
    )


def refuse_bad_moments(progress: OpenProgress) -> None:
    """Raises Malformed if a moment in a report is none."""
    epoch_ms(progress.started_time, "startedTime")
    epoch_ms(progress.completed_time, "completedTime")
    for entry in progress.operation_progress or []:
        if entry is not None:
            epoch_ms(entry.started_time, "startedTime")
            epoch_ms(entry.completed_time, "completedTime")


def run_and_agenda(progress_id: str | None, origin: Origin, partitions: int, turn: int | None) -> tuple[str, str]:
    """Ids of the run and of the agenda, which fall into one partition (design 4.5); of a new run into that whose turn
    it is, if that matters.
    """
    stream = progress_id or new_stream("progress", origin, partitions, turn)
    return stream, origin.settled("agenda", partition_of(stream, partitions), partitions)


def new_stream(part: str, origin: Origin, partitions: int, turn: int | None) -> str:
    """The id of a new stream."""
    # With a key every worker must come to the same id, so only without one may it be of a partition owned here.
    if turn is None or origin.request is not None:
        return origin.identity(part, 0)
    return origin.settled(part, turn, partitions)


def _agenda(
    agenda: OpenAgenda,
    operations: Sequence[OpenOperation],
    insight: Insight,
    ids: tuple[str, str],
    origin: Origin,
    cipher: Cipher,
) -> Agenda:
    customer = agenda.customer_id or ""
    return Agenda(
        id=ids[0],
        cid=agenda.cid or origin.identity("cid", 0),
        customer_id=customer,
        title=agenda.title,
        operations=[sealed_operation(operation, customer, cipher) for operation in operations],
        params=seal_map(cipher, customer, agenda.params or {}),
        job_id=agenda.job_id,
        link_id=agenda.link_id,
        progress_id=ids[1],
        agenda_insight=AgendaInsight(resource_pool_id=insight.resource_pool_id, insight_id=insight.id),
    )


def _whole(value: object, name: str) -> int | None:
    if value is None:
        return None
    text = text_of(value)
    # As Java's parseInt reads it: int() would take spaces and underscores, and any size.
    if not _WHOLE.fullmatch(text) or not -(2**31) <= int(text) < 2**31:
        raise NumberFormat(f'For input string: "{text[:40]}" ({name})')
    return int(text)
