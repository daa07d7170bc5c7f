"""What became of each event, without its rows: the verdict needs only the head of its stream (design 4.3). Pure."""

from msgspec.structs import replace

from eventstore.events import RunReaped
from eventstore.reading import Read
from projections.rows import Head
from projections.verdict import Verdict, judge


class Judge:
    """Gives verdicts on the events of streams, each from its beginning on; remembers one short head per stream."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}

    def __call__(self, read: Read) -> Verdict:
        """The verdict on the next event of its partition."""
        head = self._heads.get(read.stream)
        verdict = judge(head, read.envelope)
        if verdict is Verdict.APPLIED:
            if isinstance(read.event, RunReaped):
                self._heads.pop(read.stream, None)
            else:
                self._heads[read.stream] = replace(
                    head or _NOTHING, version=read.envelope.version, link=read.link, last=read.envelope.id
                )
        return verdict


_NOTHING = Head(version=0, link="", last="")
