"""The judge can fail: each violation that the storms look for is planted once, and found."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from eventstore.log import Record
from eventstore.run_events import AgendaDispatched, ProgressReported
from projections.indexes.keys import index_keys
from projections.indexes.traits import traits_of
from projections.rows import PREFIX_LENGTH
from tests import builders as b
from tests.faults.judge import differences, double_owners, flaws
from tests.faults.known import Known
from tests.faults.load import Load
from tests.faults.testimony import violations
from tests.history import TOPIC, History
from tests.independent_fold import fold


class Told(msgspec.Struct):
    """What the clients of one run would have been told."""

    accepted: dict[str, dict[str, Any]]
    reported: list[tuple[str, str, int]]
    ended: list[tuple[str, int, str]]
    handed: Counter[str]
    known: Known


def told() -> Told:
    return Told(
        accepted={"k": {"id": "a1", "progressId": "r1", "operations": [{"name": "x"}, {"name": "y"}]}},
        reported=[("r1", "x", 500), ("r1", "y", 500)],
        ended=[("r1", 500, "succeeded")],
        handed=Counter(a1=1),
        known=Known(),
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


def test_a_hand_out_that_the_log_tells_of_as_returned_is_found() -> None:
    story = begun()
    story.add(b.take_back())
    story.add(b.dispatch(1, id="second", dispatch_id="d1"))
    log = log_of(ended(completed(story)))
    twice = told()
    assert violations(twice, log) == []

    twice.handed["a1"] += 1

    assert violations(twice, log) == ["a1 was given to 2 pullers, the log tells of 1"]


def test_a_hand_out_of_what_an_executor_has_although_its_dispatch_expired_is_found() -> None:
    story = begun()
    story.add(b.expire())
    story = completed(story)
    ended(story)
    put_next(story, last_body(story, AgendaDispatched))

    assert violations(told(), log_of(story)) == ["a1 was handed out twice"]


def test_an_agenda_that_nobody_was_told_of_is_found() -> None:
    story = ended(completed(begun()))
    story.add(b.submit("a2", stream="r2", id="more", agenda=msgspec.structs.replace(b.agenda("a2"), link_id="other")))

    assert violations(told(), log_of(story)) == ["an agenda of other is there, which nobody was told of"]


def test_an_acknowledged_report_that_is_not_there_is_found() -> None:
    assert violations(told(), log_of(ended(begun()))) == [
        "acknowledged report of r1 x is missing",
        "run of k succeeded without ['x']",
    ]


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
        "acknowledged end of r1 by start 500 is not in the log",
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


def test_an_operation_completed_again_in_an_attempt_by_its_result_alone_is_found() -> None:
    story = completed(begun())
    again = last_body(story, ProgressReported)
    entry = msgspec.structs.replace(again.operations[0], processing_state=None, result_payload="plain:mac:{}")
    put_next(story, msgspec.structs.replace(again, operations=[entry]))

    assert "('r1', 'x', 1) was completed 2 times" in violations(told(), log_of(ended(story)))


def test_a_run_without_an_end_is_found() -> None:
    assert violations(told(), log_of(completed(begun()))) == [
        "acknowledged report of r1 y is missing",
        "acknowledged end of r1 by start 500 is not in the log",
        "run of k did not reach its end",
    ]


def test_a_run_that_is_to_run_again_has_not_reached_its_end() -> None:
    story = completed(begun())
    story.add(b.report(500, b.operation("y"), identity="y"))
    story.add(b.report(500, state=b.COMPLETE, message="failed", identity="end"))

    assert violations(told(), log_of(story)) == ["run of k did not reach its end"]


def test_an_acknowledged_end_that_was_lost_and_made_good_by_a_later_attempt_is_found() -> None:
    story = completed(begun())
    story.add(b.report(500, b.operation("y"), identity="y"))
    story.add(b.hand_back())
    story.add(b.dispatch(1, id="second", dispatch_id="d1"))
    story.add(b.report(600, state=b.COMPLETE, message="succeeded", identity="end"))
    more = told()
    more.handed["a1"] += 1

    assert violations(more, log_of(story)) == ["acknowledged end of r1 by start 500 is not in the log"]


def test_an_end_that_is_applied_twice_is_found() -> None:
    story = ended(completed(begun()))
    put_next(story, last_body(story, ProgressReported))

    assert violations(told(), log_of(story)) == ["the end of ('r1', 500) is applied 2 times"]


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


def test_a_partition_that_a_worker_has_not_is_found() -> None:
    log = log_of(ended(completed(begun())))

    assert len(differences({}, log)) == len(fold(log[0], 1)) > 0


@pytest.mark.parametrize("harm", ["missing", "surplus"])
def test_an_index_row_that_differs_is_found(harm: str) -> None:
    log = log_of(ended(completed(begun())))
    rows = fold(log[0], 1)
    entries = {entry for key, value in rows.items() for entry in index_keys(key, traits_of(key, value))}
    assert flaws({0: rows | dict.fromkeys(entries, b"")}, log) == []
    if harm == "missing":
        lost = entries.pop()
        wanted = [f"partition 0 lacks index row {lost!r}"]
    else:
        entries.add(b"ip*ghost")
        wanted = ["partition 0 has index row b'ip*ghost', which no row asks for"]

    assert flaws({0: rows | dict.fromkeys(entries, b"")}, log) == wanted


MARK = {"Agendum-Stale": "1"}


def run_with(state: str) -> dict[str, Any]:
    return {"all": [{"operationProgress": [{"operation": "x", "processingState": state}]}]}


@pytest.mark.parametrize("older", [run_with("WAITING"), {"all": [{"operationProgress": []}]}])
def test_a_read_that_is_older_than_an_answer_is_found_unless_it_is_marked(older: dict[str, Any]) -> None:
    mine = told()
    mine.known.tell("r1", ["x"])
    log = log_of(ended(completed(begun())))
    mine.known.read("r1", mine.known.complete("r1"), older, MARK)
    assert violations(mine, log) == []

    mine.known.read("r1", mine.known.complete("r1"), older, {})

    assert violations(mine, log) == ["an older state was read: r1 x"]


def test_a_run_that_is_not_there_any_more_is_found_unless_the_answer_is_marked() -> None:
    known = Known()
    known.read("r1", set(), {"all": []}, MARK)
    assert known.stale == []

    known.read("r1", set(), {"all": []}, {})

    assert known.stale == ["r1 is not there"]


@pytest.mark.parametrize("found", [[], [{"id": "another"}], [{"id": "r1"}, {"id": "twin"}]])
def test_a_list_without_what_was_answered_or_with_more_is_found_unless_it_is_marked(
    found: list[dict[str, str]],
) -> None:
    known = Known()
    known.listed("r1", {"all": found}, MARK)
    known.listed("r1", {"all": [{"id": "r1"}]}, {})
    assert known.stale == []

    known.listed("r1", {"all": found}, {})

    assert known.stale == [f"r1 in a list of {len(found)}"]


def test_what_somebody_read_binds_every_later_read_and_none_that_was_asked_before() -> None:
    known = Known()
    before = known.complete("r1")
    known.read("r1", before, run_with("COMPLETE"), {})
    known.read("r1", before, run_with("WAITING"), {})
    assert known.stale == []

    known.read("r1", known.complete("r1"), run_with("WAITING"), {})

    assert known.stale == ["r1 x"]


def test_an_answer_at_an_older_position_than_one_before_its_question_is_found_unless_it_is_marked() -> None:
    known = Known()
    known.place("POST", {}, {"Agendum-Position": "agendas/3@7,agendas/4@9"})
    before = known.positions()
    known.place("GET marked", before, {"Agendum-Position": "agendas/3@6", **MARK})
    known.place("GET same", before, {"Agendum-Position": "agendas/3@7"})
    known.place("GET asked before", {}, {"Agendum-Position": "agendas/3@6"})
    known.place("GET that has none", before, {})
    assert known.stale == []

    known.place("GET older", before, {"Agendum-Position": "agendas/3@8,agendas/4@8"})

    assert known.stale == ["GET older at agendas/4@8, agendas/4@9 was answered before"]


async def test_the_load_holds_every_answer_to_what_was_answered_before() -> None:
    answers = iter([("5", "COMPLETE"), ("4", "WAITING"), ("6", "COMPLETE")])

    async def progress(_: web.Request) -> web.Response:
        offset, state = next(answers)
        return web.json_response(run_with(state), headers={"Agendum-Position": f"agendas/0@{offset}"})

    app = web.Application()
    app.router.add_get("/pop/progress/agenda/r1", progress)
    async with TestServer(app) as server, Load([str(server.make_url("")).rstrip("/")], 1) as load:
        for _ in range(3):
            await load._read("r1")

    assert load.known.checks == 3
    assert load.known.stale == [
        "GET /pop/progress/agenda/r1 at agendas/0@4, agendas/0@5 was answered before",
        "r1 x",
    ]


def test_two_workers_that_prove_one_partition_at_one_time_are_found() -> None:
    handed_over = [(0.0, 3, "A (1)"), (0.1, 3, "A (1)"), (0.2, 3, "B (1)"), (5.0, 3, "A (2)"), (5.1, 4, "B (2)")]

    assert double_owners(handed_over) == []
    assert "partition 3 was owned by A (1) until 6.0, by B (1) from 0.2" in double_owners(
        [*handed_over, (6.0, 3, "A (1)")]
    )
