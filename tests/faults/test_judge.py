"""The judge can fail: each violation that the storms look for is planted once, and found."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from eventstore.log import Record
from eventstore.run_events import AgendaDispatched, ProgressReported
from projections.rows import PREFIX_LENGTH
from tests import builders as b
from tests.faults.judge import differences, double_owners, violations
from tests.faults.load import Load
from tests.history import TOPIC, History
from tests.independent_fold import fold


class Told(msgspec.Struct):
    """What the clients of one run would have been told."""

    accepted: dict[str, dict[str, Any]]
    reported: list[tuple[str, str, int]]
    handed: Counter[str]
    stale: list[str]


def told() -> Told:
    return Told(
        accepted={"k": {"id": "a1", "progressId": "r1"}},
        reported=[("r1", "x", 500), ("r1", "y", 500)],
        handed=Counter(a1=1),
        stale=[],
    )


def begun() -> History:
    story = History()
    story.add(b.submit(agenda=msgspec.structs.replace(b.agenda(), link_id="k")))
    story.add(b.dispatch())
    story.place(b"r1", b"what a History drops as poisonous")
    return story


def ended(story: History) -> History:
    story.add(b.report(500, b.operation("y"), identity="y"))
    story.add(b.report(500, state=b.COMPLETE, message="succeeded", identity="end"))
    return story


def completed(story: History) -> History:
    story.add(b.report(500, b.operation("x"), identity="x"))
    return story


def log_of(story: History, *lost: int) -> dict[int, list[Record]]:
    return {0: [record for record in story.log.records(TOPIC, 0) if record.offset not in lost]}


def put_next(story: History, event: Any) -> None:
    """An event that no decider would have let pass, with the right version and link."""
    head = story.live.run("r1").head
    assert head is not None
    story.put("r1", event, head.version + 1, head.link)


def last_body(story: History, kind: type[Any]) -> Any:
    """The last event of a kind."""
    values = [
        each.value for each in story.log.records(TOPIC, 0) if any(kind.__name__.encode() in v for _, v in each.headers)
    ]
    return msgspec.json.decode(values[-1] or b"", type=kind)


def test_a_run_as_it_should_be_is_not_accused() -> None:
    log = log_of(ended(completed(begun())))

    assert violations(told(), log) == []
    assert differences({0: fold(log[0], 1)}, log) == []


def test_an_acknowledged_agenda_that_is_not_there_is_found() -> None:
    found = violations(told(), log_of(ended(completed(begun())), 1))

    assert "agenda of k is there 0 times" in found
    assert "key k made 0 agendas" in found
    assert "run of k did not reach its end" in found


def test_two_agendas_of_one_key_are_found() -> None:
    story = ended(completed(begun()))
    twin = msgspec.structs.replace(b.agenda("a2"), link_id="k")
    story.add(b.submit("a2", stream="r2", id="again", agenda=twin))

    assert violations(told(), log_of(story)) == ["key k made 2 agendas"]


def test_a_hand_out_while_another_is_open_is_found() -> None:
    story = begun()
    put_next(story, last_body(story, AgendaDispatched))

    assert "a1 was handed out twice" in violations(told(), log_of(ended(completed(story))))


def test_a_hand_out_that_the_log_does_not_tell_of_is_found() -> None:
    twice = told()
    twice.handed["a1"] += 1

    found = violations(twice, log_of(ended(completed(begun()))))

    assert found == ["a1 was given to 2 pullers, the log tells of 1"]


def test_an_acknowledged_report_that_is_not_there_is_found() -> None:
    assert violations(told(), log_of(ended(begun()))) == ["acknowledged report of r1 x is missing"]


def test_an_acknowledged_report_that_was_lost_and_made_good_by_a_later_attempt_is_found() -> None:
    story = begun()
    story.add(b.report(500, identity="alive"))
    story.add(b.hand_back())
    story.add(b.dispatch(1, id="second", dispatch_id="d1"))
    story.add(b.report(600, b.operation("x"), b.operation("y"), identity="later"))
    story.add(b.report(600, state=b.COMPLETE, message="succeeded", identity="end"))
    more = told()
    more.handed["a1"] += 1

    assert violations(more, log_of(story)) == [
        "acknowledged report of r1 x by start 500 is not in the log",
        "acknowledged report of r1 y by start 500 is not in the log",
    ]


def test_an_operation_completed_twice_in_an_attempt_is_found() -> None:
    story = completed(begun())
    put_next(story, last_body(story, ProgressReported))

    found = violations(told(), log_of(ended(story)))

    assert found == ["('r1', 'x', 1) was completed 2 times"]


def test_one_event_id_that_is_applied_twice_is_found() -> None:
    story = completed(begun())
    head = story.live.run("r1").head
    assert head is not None
    [*_, last] = story.log.records(TOPIC, 0)
    headers = dict(last.headers) | {
        "ce_streamversion": b"%d" % (head.version + 1),
        "ce_prev": (head.link or "").encode(),
    }
    story.place(b"r1", last.value, headers.items())

    found = violations(told(), log_of(ended(story)))

    assert f"event ('r1', 'e{last.offset}') is applied 2 times: ['ProgressReported', 'ProgressReported']" in found


def test_a_run_without_an_end_is_found() -> None:
    assert "run of k did not reach its end" in violations(told(), log_of(completed(begun())))


@pytest.mark.parametrize("harm", ["changed", "missing", "surplus"])
def test_a_row_that_differs_is_found(harm: str) -> None:
    log = log_of(ended(completed(begun())))
    rows = fold(log[0], 1)
    key = b"o\0r1\0x"
    if harm == "changed":
        rows[key] = rows[key].replace(b"COMPLETE", b"WAITING")
    elif harm == "missing":
        del rows[key]
    else:
        key = b"o\0r1\0ghost"
        rows[key] = rows[b"o\0r1\0x"]

    [found] = differences({0: rows}, log)

    assert repr(key) in found


def test_a_row_of_the_right_content_and_another_offset_is_found() -> None:
    log = log_of(ended(completed(begun())))
    rows = fold(log[0], 1)
    rows[b"o\0r1\0x"] = rows[b"o\0r1\0y"][:PREFIX_LENGTH] + rows[b"o\0r1\0x"][PREFIX_LENGTH:]

    assert len(differences({0: rows}, log)) == 1


@pytest.mark.parametrize(("headers", "accused"), [({}, True), ({"Agendum-Stale": "1"}, False)])
async def test_a_read_that_is_older_than_an_answer_is_found_unless_it_is_marked(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], accused: bool
) -> None:
    older = {"all": [{"operationProgress": [{"operation": "x", "processingState": "WAITING"}]}]}

    async def ask(*_: Any) -> Any:
        return 200, older, headers

    async with Load(["http://nowhere"], 1) as load:
        monkeypatch.setattr(load, "ask", ask)
        await load._read_back("r1", ["x"])
        mine = told()
        mine.stale = load.stale

    found = violations(mine, log_of(ended(completed(begun()))))

    assert found == (["an older state was read: r1 x"] if accused else [])


def test_two_workers_that_prove_one_partition_at_one_time_are_found() -> None:
    handed_over = [(0.0, 3, "A"), (0.1, 3, "A"), (0.2, 3, "B"), (5.0, 3, "A")]

    assert double_owners(handed_over) == []
    assert double_owners([*handed_over, (0.3, 3, "A")]) == ["partition 3 had two owners at 0.1"]
