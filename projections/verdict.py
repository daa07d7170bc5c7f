"""The log is the arbiter: what becomes of a record is decided by the records before it (design 4.3). Pure.

Every reader comes to the same verdict, so an owner that was deposed without knowing can append what it likes:
nothing decided on a state that is no longer current is ever applied.
"""

from enum import StrEnum

from eventstore.envelope import Envelope
from projections.rows import Head


class Verdict(StrEnum):
    """What became of one record."""

    #: the next version, linked to the last applied event: folded
    APPLIED = "applied"
    #: another copy of the last applied event
    DUPLICATE = "duplicate"
    #: decided on a state that was no longer current
    STALE = "stale"
    #: ahead, or next with a wrong link: either the writer's or our own rows are wrong (alarm)
    FOREIGN = "foreign"


def judge(head: Head | None, envelope: Envelope) -> Verdict:
    """The verdict on an event of a stream whose head row is `head`."""
    version = 0 if head is None else head.version
    if envelope.version <= version:
        return Verdict.DUPLICATE if head is not None and envelope.id == head.last else Verdict.STALE
    link = None if head is None else head.link
    if envelope.version == version + 1 and envelope.prev == link:
        return Verdict.APPLIED
    return Verdict.FOREIGN
