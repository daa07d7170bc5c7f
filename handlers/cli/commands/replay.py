"""`agendum replay`: the events themselves, or the views as they were. Reads Kafka alone; no worker need run."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
import typer

from eventstore.describing import as_written
from eventstore.errors import RangeGone
from eventstore.ids import partition_of
from eventstore.log import EventLog
from eventstore.ranges import Bound, Moment, Offset, Span, bound, spans
from eventstore.replay import streams_of
from eventstore.sealing import PlainCipher
from handlers.cli.environment import settings_of
from handlers.cli.exits import Exit, Stop
from handlers.cli.replaying import PATIENCE_SECONDS, Replay, Subject, subject, view_of
from handlers.cli.running import carry_out
from handlers.cli.screen import KAFKA, PREFIX, KafkaOption, PrefixOption, Screen
from handlers.client.patience import insist
from handlers.process.settings import Settings
from handlers.wire.responses import Opener
from handlers.wire.unsealing import AsItStands, EventOpener, Lenient
from projections.audit.replayed import fold_to, streams_in
from projections.partition import Partition

_BOUND = "an offset (below 10^11, of one partition) or a time: ISO 8601, UTC without a zone, or epoch ms."

TopicOption = Annotated[str, typer.Option(help="agendas, catalogue, inbox, rejections, or a topic's full name.")]
VerdictsOption = Annotated[
    bool, typer.Option("--verdicts", help="What became of each event; always there with --key and --agenda.")
]


class Asked(msgspec.Struct, frozen=True):
    """What the command line says, but for the topic."""

    key: str | None
    agenda: str | None
    partition: int | None
    since: Bound | None
    until: Bound | None
    follow: bool
    fold: bool
    sealed: bool
    verdicts: bool


def replay(
    *,
    topic: TopicOption = "agendas",
    key: Annotated[str | None, typer.Option(help="One run (its progress id): only its partition is read.")] = None,
    agenda: Annotated[str | None, typer.Option(metavar="ID", help="The run of an agenda, found in the log.")] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="One partition alone.")] = None,
    since: Annotated[str | None, typer.Option("--from", help=f"First: {_BOUND}")] = None,
    until: Annotated[str | None, typer.Option(help=f"End, itself left out: {_BOUND}")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    fold: Annotated[bool, typer.Option("--fold", help="The views as they were at --until, not the events.")] = False,
    sealed: Annotated[bool, typer.Option("--sealed", help="Bodies and payloads as they stand, not opened.")] = False,
    verdicts: VerdictsOption = False,
    kafka: KafkaOption = KAFKA,
    prefix: PrefixOption = PREFIX,
) -> None:
    """Print the log's records as JSON lines, or with --fold the views as they were at a point of it.

    Exact at both ends: from <= offset < until; times are the broker's.
    One partition after the other; within one, in order.
    A range that is not there whole is refused (exit 4).
    """
    screen = Screen()
    settings = settings_of(screen, {"kafka": kafka, "prefix": prefix})

    async def work() -> Exit | None:
        _check(asked := Asked(key, agenda, partition, *_bounds(since, until), follow, fold, sealed, verdicts))
        async with subject(settings, topic) as (found, log):
            try:
                await _replay(asked, settings, found, log, screen)
            except RangeGone as gone:
                what = "this range is not in the log"
                raise Stop(Exit.REFUSED, what, str(gone), "ask for what is there, with --from and --until") from None
        return None

    carry_out(screen, f"cannot replay {topic}", work())


async def _replay(asked: Asked, settings: Settings, found: Subject, log: EventLog, screen: Screen) -> None:
    keys = await _keys(asked, found, log)
    numbers = _partitions(asked, found, keys)
    ranges: list[Span] = await insist(
        lambda: spans(log, found.name, numbers, asked.since, asked.until, whole=found.is_log), PATIENCE_SECONDS
    )
    cipher = AsItStands() if asked.sealed else Lenient(PlainCipher(settings.sealing_secret.encode()))
    if asked.fold:
        await _fold(found, log, screen, Opener(cipher), keys, ranges)
        return
    body = as_written if asked.sealed else EventOpener(cipher)
    printed = Replay(found, log, screen, body, keys, judged=keys is not None or asked.verdicts)
    await printed.run(ranges, float("inf") if asked.follow else PATIENCE_SECONDS)
    if asked.follow:
        await printed.follow(settings.kafka, ranges)


async def _fold(
    found: Subject, log: EventLog, screen: Screen, opener: Opener, keys: list[str] | None, ranges: Sequence[Span]
) -> None:
    if found.classify is None or not found.name.endswith("-agendas"):
        raise _usage("--fold shows the views of runs", f"found {found.name}", "leave --topic away")
    seen = 0
    for span in ranges:
        partition: Partition = await insist(
            partial(fold_to, log, found.name, span.partition, span.stop, found.classify, keys), PATIENCE_SECONDS
        )
        for stream in streams_in(partition):
            screen.lines([view_of(partition, found.name, stream, opener)])
            seen += 1
    if keys is not None and not seen:
        what = f"there was no run {', '.join(keys)}"
        raise Stop(Exit.NOT_FOUND, what, "none of its events lies before this point", "agendum replay --key KEY")


async def _keys(asked: Asked, found: Subject, log: EventLog) -> list[str] | None:
    if asked.agenda is None:
        return None if asked.key is None else [asked.key]
    if found.classify is None:
        raise _usage("--agenda finds runs", f"{found.name} holds none", "leave --topic away")
    keys = await streams_of(log, found.name, found.classify, asked.agenda, await log.ends(found.name))
    if not keys:
        what = f"there is no agenda {asked.agenda}"
        raise Stop(Exit.NOT_FOUND, what, f"{found.name} holds no submission of it", "agendum progress --link ID")
    return keys


def _partitions(asked: Asked, found: Subject, keys: list[str] | None) -> list[int]:
    numbers = [*range(found.partitions)]
    if keys is not None:
        numbers = sorted({partition_of(key, found.partitions) for key in keys})
    if asked.partition is not None:
        if asked.partition not in numbers:
            raise _usage("there is nothing of that in this partition", f"expected one of {numbers}", "--partition N")
        numbers = [asked.partition]
    if len(numbers) > 1 and (isinstance(asked.since, Offset) or isinstance(asked.until, Offset)):
        why = f"{found.name} has {found.partitions} partitions, each with offsets of its own"
        raise _usage("an offset needs one partition", why, "add --partition N, or --key KEY, or give a time")
    return numbers


def _check(asked: Asked) -> None:
    if asked.key is not None and asked.agenda is not None:
        raise _usage("expected either --key or --agenda", "found both", "agendum replay --help")
    if asked.follow and (asked.until is not None or asked.fold):
        raise _usage("-f goes on for ever", "found it with --until or --fold", "leave one of them away")
    if asked.fold and asked.since is not None:
        raise _usage("views are folded from the beginning", "found --fold with --from", "give --until alone")
    if _ends_before_it_begins(asked.since, asked.until):
        raise _usage("expected --from before --until", "found it behind", "agendum replay --help")


def _ends_before_it_begins(since: Bound | None, until: Bound | None) -> bool:
    match since, until:
        case Offset(first), Offset(stop):
            return first > stop
        case Moment(first), Moment(stop):
            return first > stop
        case _:  # an offset beside a time: only the log knows
            return False


def _bounds(since: str | None, until: str | None) -> tuple[Bound | None, Bound | None]:
    return _bound("--from", since), _bound("--until", until)


def _bound(name: str, text: str | None) -> Bound | None:
    try:
        return None if text is None else bound(text)
    except ValueError:
        raise _usage(f"{name} is no offset and no time", f"found {text!r}", "2026-11-26T12:00:00Z") from None


def _usage(what: str, why: str, then: str) -> Stop:
    return Stop(Exit.USAGE, what, why, then)
