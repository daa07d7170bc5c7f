"""From what a client sent to the command that is decided (spec 4.3, 7.2; design 4.5, 4.7)."""

from functools import partial
from typing import Any

import msgspec
import pytest

from eventstore.commands import ReportProgress, SubmitAgenda
from eventstore.ids import near, partition_of
from eventstore.model import AgendaInsight, SealedField
from handlers.clock import draw as fresh
from handlers.intake.origin import Origin
from handlers.intake.runs import NumberFormat, reporting, submission
from handlers.wire.calls import UpdateProgress
from handlers.wire.parsing import Malformed, parse
from handlers.wire.requests import OpenAgenda, OpenProgress
from tests.builders import ALICE, EXECUTING, insight, sent
from tests.ciphers import RandomisingCipher

CIPHER = RandomisingCipher()


def origin(**more: Any) -> Origin:
    return Origin(ALICE, **{"identity": lambda part, n: f"{part}-{n}", "correlation": "cid", **more})


def submitted(agenda: OpenAgenda, source: Origin | None = None, turn: int | None = None) -> SubmitAgenda:
    return submission(
        agenda,
        [operation for operation in agenda.operations or [] if operation is not None],
        insight("i7", resource_pool_id="p7"),
        source or origin(),
        cipher=CIPHER,
        partitions=5,
        turn=turn,
        catalogue_offset=41,
    )


def reported(**body: Any) -> ReportProgress:
    found = parse(msgspec.json.encode({"agendaProgress": {"id": "r1", **body}}), UpdateProgress, "x")
    assert found is not None
    progress: OpenProgress | None = found.agenda_progress
    assert progress is not None
    return reporting(progress, origin(), customer="alice", cipher=CIPHER, insights=["i1"], quiet=60_000)


def opened(field: SealedField | None) -> Any:
    match field:
        case None:
            return None
        case str():
            return msgspec.json.decode(CIPHER.open("alice", field))
        case dict():
            return {name: opened(value) for name, value in field.items()}
        case list():
            return [opened(value) for value in field]


class TestSubmission:
    def test_the_client_chooses_neither_the_id_nor_the_insight(self) -> None:
        agenda = submitted(sent({"name": "a"}, id="mine", agendaInsight={"insightId": "mine"})).agenda
        assert agenda.id is not None
        assert agenda.id.startswith("agenda-")
        assert agenda.agenda_insight == AgendaInsight(insight_id="i7", resource_pool_id="p7")

    def test_what_the_client_said_is_kept(self) -> None:
        said = {"title": "t", "linkId": "l", "jobId": "j", "cid": "its own"}
        agenda = submitted(sent({"name": "a", "type": "t", "id": "o1"}, **said)).agenda
        assert (agenda.customer_id, agenda.title, agenda.link_id, agenda.job_id) == ("alice", "t", "l", "j")
        assert agenda.cid == "its own"
        assert agenda.operations is not None
        assert (agenda.operations[0].name, agenda.operations[0].type, agenda.operations[0].id) == ("a", "t", "o1")

    def test_without_a_cid_one_is_drawn_and_the_header_is_not_used(self) -> None:
        command = submitted(sent({"name": "a"}))
        assert command.agenda.cid == "cid-0"
        assert command.correlation == "cid"

    def test_absent_params_are_an_empty_map_and_those_of_an_operation_stay_absent(self) -> None:
        agenda = submitted(sent({"name": "a"})).agenda
        assert agenda.params == {}
        assert agenda.operations is not None
        assert agenda.operations[0].params is None

    @pytest.mark.parametrize("payload", [{"a": None, "b": [1]}, ["x", None], "text", 7, False, {}, []])
    def test_payloads_and_params_are_sealed_nulls_and_all(self, payload: Any) -> None:
        params = {"externalId": None, "secret": {"deep down": None}, "empty": ""}
        agenda = submitted(sent({"name": "a", "payload": payload, "params": params}, params=params)).agenda
        assert agenda.operations is not None
        assert opened(agenda.operations[0].payload) == payload
        assert opened(agenda.params) == opened(agenda.operations[0].params) == params
        assert b"deep down" not in msgspec.json.encode(agenda)

    def test_what_decisions_need_is_taken_out_in_the_clear(self) -> None:
        params = {"dependsOn": " b , c,,", "generatedOperationParent": "g"}
        agenda = submitted(sent({"name": "a", "payload": ["@<d.out>", "@<b.out>"], "params": params})).agenda
        (operation,) = agenda.operations or []
        assert (operation.depends_on, operation.references) == (["b", "c"], ["d", "b"])
        assert operation.generated_parent == "g"

    @pytest.mark.parametrize("depends_on", [None, "", " , "])
    def test_depending_on_nothing_leaves_nothing(self, depends_on: str | None) -> None:
        (operation,) = submitted(sent({"name": "a", "params": {"dependsOn": depends_on}})).agenda.operations or []
        assert (operation.depends_on, operation.references, operation.generated_parent) == (None, None, None)

    @pytest.mark.parametrize("value", [None, False, "", "x"])
    def test_do_not_run_counts_by_its_presence(self, value: object) -> None:
        assert submitted(sent({"name": "a"}, params={"doNotRun": value})).do_not_run
        assert not submitted(sent({"name": "a"}, params={"donotrun": value})).do_not_run

    @pytest.mark.parametrize(("said", "found"), [(5, 5), ("7", 7), ("-1", -1), ("+2", 2), (None, None)])
    def test_maximum_attempts_is_a_number_or_its_text(self, said: object, found: int | None) -> None:
        assert submitted(sent({"name": "a"}, params={"maximumAttempts": said})).maximum_attempts == found

    @pytest.mark.parametrize(
        "said", ["many", "", 3.5, "3.0", [], {}, "1_000", " 7", "7\n", 2**31, "9" * 5000, "0" * 5000]
    )
    def test_refuses_maximum_attempts_that_is_no_number(self, said: object) -> None:
        with pytest.raises(NumberFormat, match=r"^For input string: ") as refused:
            submitted(sent({"name": "a"}, params={"maximumAttempts": said}))
        assert (refused.value.title, refused.value.code) == ("NumberFormatException", 400)

    @pytest.mark.parametrize(("said", "found"), [("e1", "e1"), (12, "12"), (True, "true"), ("", ""), (None, None)])
    def test_the_external_id_is_the_text_of_the_param(self, said: object, found: str | None) -> None:
        assert submitted(sent({"name": "a"}, params={"externalId": said})).external_id == found

    def test_the_ids_of_a_new_run_fall_into_one_partition_that_is_owned_here(self) -> None:
        by_chance = origin(identity=lambda _, __: fresh(), near=partial(near, fresh))
        for source in (origin(), by_chance):
            command = submitted(sent({"name": "a"}), source, turn=3)
            assert command.agenda.progress_id == command.stream
            assert {partition_of(one or "", 5) for one in (command.stream, command.agenda.id)} == {3}
            assert command.stream != command.agenda.id
            assert not command.reuses_progress

    def test_with_a_key_every_worker_comes_to_the_same_ids(self) -> None:
        keyed = [submitted(sent({"name": "a"}), origin(request="digest"), turn) for turn in (None, *range(5))]
        assert {each.stream for each in keyed} == {"progress-0"}
        assert len({each.agenda.id for each in keyed}) == 1
        assert keyed[0].request == "digest"

    def test_a_progress_that_is_named_is_used_again_wherever_it_lives(self) -> None:
        command = submitted(sent({"name": "a"}, progressId="r9"), turn=(partition_of("r9", 5) + 1) % 5)
        assert (command.stream, command.agenda.progress_id, command.reuses_progress) == ("r9", "r9", True)
        assert partition_of(command.agenda.id or "", 5) == partition_of("r9", 5)

    def test_an_empty_progress_id_names_none(self) -> None:
        command = submitted(sent({"name": "a"}, progressId=""))
        assert (command.stream.partition("-")[0], command.reuses_progress) == ("progress", False)

    def test_the_command_says_who_asked_and_what_the_choice_rests_on(self) -> None:
        command = submitted(sent({"name": "a"}))
        assert (command.id, command.caller, command.catalogue_offset) == ("command-0", ALICE, 41)


class TestReporting:
    def test_only_what_an_executor_may_say_of_its_run_is_taken_over(self) -> None:
        ignored = {"title": "t", "linkId": "l", "externalId": "e", "params": {"a": 1}, "attemptsCompleted": 9}
        said = {"processingState": "EXECUTING", "processingStateMessage": "m", "percentComplete": 5, "startedTime": 6}
        command = reported(**ignored, **said, agendaInsight=None, cid="body", customerId="bob")
        progress = command.progress
        assert (command.stream, progress.cid, progress.processing_state) == ("r1", "cid", EXECUTING)
        assert (progress.processing_state_message, progress.percent_complete) == ("m", 5.0)
        assert (progress.started_time, progress.completed_time) == (6, None)
        fields = (progress.title, progress.link_id, progress.external_id, progress.params, progress.customer_id)
        assert {*fields, progress.attempts_completed} == {None}
        assert command.insights == ["i1"]

    def test_null_entries_among_the_operations_are_passed_over_and_null_diagnostics_kept(self) -> None:
        entry = {"operation": "a", "id": None, "diagnosticEvents": [None, {"message": None}]}
        command = reported(operationProgress=[None, entry], diagnosticEvents=[None])
        assert [one.operation for one in command.operations] == ["a"]
        assert opened(command.operations[0].diagnostic_events) == [None, {"message": None}]
        assert command.progress.diagnostic_events == [None]

    def test_what_is_said_of_an_operation_is_sealed_and_dates_become_numbers(self) -> None:
        times = {"startedTime": "1970-01-01T00:00:01Z", "completedTime": 2000}
        (one,) = reported(
            operationProgress=[{"operation": "a", "resultPayload": '{"x":null}', "params": {"p": None}, **times}]
        ).operations
        assert (opened(one.result_payload), opened(one.params)) == ('{"x":null}', {"p": None})
        assert (one.started_time, one.completed_time) == (1000, 2000)

    def test_absent_and_empty_lists_stay_apart(self) -> None:
        assert reported().progress.diagnostic_events is None
        assert reported(diagnosticEvents=[]).progress.diagnostic_events == []
        assert reported(operationProgress=None).operations == []

    def test_refuses_a_date_that_is_none_with_the_fields_name(self) -> None:
        with pytest.raises(Malformed, match="completedTime"):
            reported(completedTime="soon")
