"""Bodies as POP's clients send them (spec 1.1, 2.3, 2.4, 2.6)."""

import pytest

from eventstore.model import ProcessingState, SchedulingAlgorithm
from handlers.wire.calls import GetAgenda, Summary, UpdateProgress
from handlers.wire.objects import OpenCustomer, OpenInsight, OpenResourcePool
from handlers.wire.parsing import Malformed, epoch_ms, parse
from handlers.wire.requests import OpenAgenda

KINDS: list[type] = [
    OpenAgenda,
    UpdateProgress,
    GetAgenda,
    Summary,
    OpenCustomer,
    OpenResourcePool,
    OpenInsight,
]


def refusal(body: bytes, kind: type, name: str = "Thing") -> str:
    with pytest.raises(Malformed) as refused:
        parse(body, kind, name)
    assert refused.value.code == 400
    text = str(refused.value)
    assert text.startswith(f"Request body is not recognized as '{name}'")
    return text


def agenda(body: bytes) -> OpenAgenda:
    found = parse(body, OpenAgenda, "Agenda")
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b" \r\n\t ", b"null", b" null\n"])
def test_an_absent_a_blank_and_a_null_body_are_no_request(body: bytes, kind: type) -> None:
    assert parse(body, kind, "x") is None


@pytest.mark.parametrize("kind", KINDS)
def test_explicit_nulls_are_the_same_as_nothing_said(kind: type) -> None:
    nothing = parse(b"{}", kind, "x")
    body = "{" + ",".join(f'"{name}":null' for name in kind.__struct_encode_fields__) + "}"  # type: ignore[attr-defined]
    assert parse(body.encode(), kind, "x") == nothing
    assert {getattr(nothing, name) for name in kind.__struct_fields__} == {None}  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_fields_are_ignored_whatever_they_hold(kind: type) -> None:
    body = b'{"nobody":{"a":[1,{"b":null}]},"operation":7,"Id":[],"link_id":{},"error":true}'
    assert parse(body, kind, "x") == parse(b"{}", kind, "x")


def test_names_are_camel_case_alone() -> None:
    found = agenda(b'{"customerId":"a","linkid":"b","link_id":"c","progressId":"d"}')
    assert (found.customer_id, found.link_id, found.progress_id) == ("a", None, "d")


def test_nulls_inside_maps_and_lists_are_kept() -> None:
    found = agenda(b'{"params":{"doNotRun":null,"e":""},"operations":[null,{"payload":{"a":null,"b":[null]}}]}')
    assert found.params == {"doNotRun": None, "e": ""}
    assert found.operations is not None
    assert found.operations[0] is None
    assert found.operations[1] is not None
    assert found.operations[1].payload == {"a": None, "b": [None]}


def test_null_entries_among_diagnostics_and_operation_progress_are_taken() -> None:
    found = parse(
        b'{"agendaProgress":{"diagnosticEvents":[null],"operationProgress":[null,{"operation":"a","id":null}]}}',
        UpdateProgress,
        "x",
    )
    assert found is not None
    assert found.agenda_progress is not None
    assert found.agenda_progress.diagnostic_events == [None]
    entries = found.agenda_progress.operation_progress or []
    assert [entry and entry.operation for entry in entries] == [None, "a"]


@pytest.mark.parametrize("payload", ["1", "1.5", '"text"', "true", "[]", "{}", '[{"a":[]}]', "1e22", "-0.5"])
def test_a_payload_is_any_json(payload: str) -> None:
    (operation,) = agenda(b'{"operations":[{"payload":%s}]}' % payload.encode()).operations or []
    assert operation is not None
    assert operation.payload == pytest.approx(float(payload)) if payload[0] in "-1" else operation.payload is not None


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        (b'{"title":7}', OpenAgenda, "$.title"),
        (b'{"operations":{}}', OpenAgenda, "$.operations"),
        (b'{"operations":[{"name":"a"},{"name":{}}]}', OpenAgenda, "$.operations[1].name"),
        (b'{"params":[1]}', OpenAgenda, "$.params"),
        (b'{"agendaProgress":[]}', UpdateProgress, "$.agendaProgress"),
        (
            b'{"agendaProgress":{"operationProgress":[null,{"resultPayload":{}}]}}',
            UpdateProgress,
            "$.agendaProgress.operationProgress[1].resultPayload",
        ),
        (b'{"agendaProgress":{"percentComplete":"half"}}', UpdateProgress, "$.agendaProgress.percentComplete"),
        (b'{"agendaProgress":{"startedTime":{}}}', UpdateProgress, "$.agendaProgress.startedTime"),
        (b'{"count":1.5}', GetAgenda, "$.count"),
        (b'{"count":[]}', GetAgenda, "$.count"),
        (b'{"linkId":{}}', Summary, "$.linkId"),
        (b'{"mappers":{"operationType":"encode"}}', OpenInsight, "$.mappers[...]"),
        (b'{"allowedCustomerIds":["a",1]}', OpenInsight, "$.allowedCustomerIds[1]"),
        (b'{"queueSize":"few"}', OpenInsight, "$.queueSize"),
        (b'{"isGlobal":"maybe"}', OpenInsight, "$.isGlobal"),
        (b'{"billingCode":[]}', OpenCustomer, "$.billingCode"),
        (b'{"addedTime":true}', OpenResourcePool, "$.addedTime"),
    ],
)
def test_a_wrong_type_is_refused_with_its_place(body: bytes, kind: type, place: str) -> None:
    assert refusal(body, kind).endswith(f"at `{place}`")


@pytest.mark.parametrize("text", ["executing", "Executing", "DONE", "", " EXECUTING"])
def test_enums_are_the_constants_name_case_and_all(text: str) -> None:
    body = b'{"agendaProgress":{"operationProgress":[{"processingState":"%s"}]}}' % text.encode()
    wrong = refusal(body, UpdateProgress)
    assert wrong.endswith(f"Invalid enum value '{text}' - at `$.agendaProgress.operationProgress[0].processingState`")


def test_refuses_an_algorithm_that_there_is_not() -> None:
    assert refusal(b'{"schedulingAlgorithm":"FIFO"}', OpenInsight, "Insight").endswith("at `$.schedulingAlgorithm`")


def test_knows_every_state_and_algorithm() -> None:
    for state in ("WAITING", "EXECUTING", "COMPLETE"):
        found = parse(b'{"agendaProgress":{"processingState":"%s"}}' % state.encode(), UpdateProgress, "x")
        assert found is not None
        assert found.agenda_progress is not None
        assert found.agenda_progress.processing_state is ProcessingState(state)
    for text in ("RoundRobin", "FirstInFirstOut"):
        insight = parse(b'{"schedulingAlgorithm":"%s"}' % text.encode(), OpenInsight, "x")
        assert insight is not None
        assert insight.scheduling_algorithm is SchedulingAlgorithm(text)


@pytest.mark.parametrize(
    "body", [b"{", b'{"title":"a"} x', b"[]", b'"text"', b"7", b"{'title':'a'}", b'{"a":NaN}', b"title=a", b"\xff\xfe"]
)
def test_refuses_what_is_no_json_object(body: bytes) -> None:
    refusal(body, OpenAgenda, "Agenda")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b'{"title":"\xff"}', "\ufffd"),
        (b'{"title":"caf\xe9"}', "caf\ufffd"),
        (b'{"title":"\xf0\x9f\x8e"}', "\ufffd"),
        (b'{"title":"\xed\xa0\x80"}', "\ufffd\ufffd\ufffd"),
        (b'{"title":"\xf0\x9f\x8e\xac"}', "\U0001f3ac"),
        (b'{"title":"\\ud83c\\udfac"}', "\U0001f3ac"),
    ],
)
def test_bytes_that_are_no_utf8_become_replacement_characters(body: bytes, title: str) -> None:
    assert agenda(body).title == title


def test_bytes_that_are_no_utf8_are_taken_in_names_and_in_what_is_ignored() -> None:
    assert agenda(b'{"nobody":"\xff","params":{"\xe9":"\xe9"},"title":"t"}').params == {"\ufffd": "\ufffd"}


def test_a_body_that_is_neither_utf8_nor_right_is_refused_in_the_same_words() -> None:
    assert refusal(b'{"title":"\xff","params":7}', OpenAgenda).endswith("at `$.params`")


def test_refuses_half_a_surrogate_pair_which_no_answer_could_say() -> None:
    refusal(b'{"title":"\\ud83c"}', OpenAgenda)


def test_refuses_a_body_nested_too_deep_to_be_read() -> None:
    assert "too deep" in refusal(b'{"params":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", OpenAgenda)


def test_numbers_may_come_as_their_text_as_jackson_takes_them() -> None:
    found = parse(b'{"count":"2"}', GetAgenda, "x")
    assert found is not None
    assert found.count == 2
    insight = parse(b'{"isGlobal":"true","queueSize":"5"}', OpenInsight, "x")
    assert insight is not None
    assert (insight.is_global, insight.queue_size) == (True, 5)


def test_only_isglobal_is_settable() -> None:
    assert parse(b'{"global":true,"isGlobal":null}', OpenInsight, "x") == OpenInsight()


@pytest.mark.parametrize(
    ("moment", "ms"),
    [
        (None, None),
        (0, 0),
        (1_500_000_000_123, 1_500_000_000_123),
        (1_500_000_000_123.9, 1_500_000_000_123),
        (-1, -1),
        ("1500000000123", 1_500_000_000_123),
        ("-5", -5),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T00:00:01.5", 1500),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2017-07-14T02:40:00.123+0000", 1_500_000_000_123),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_a_date_is_epoch_ms_or_iso_8601_in_utc_unless_it_says_otherwise(
    moment: float | str | None, ms: int | None
) -> None:
    assert epoch_ms(moment, "startedTime") == ms


@pytest.mark.parametrize(
    "moment",
    [
        *("", "soon", "--5", "14/07/2017", "2017-13-01", "99999-01-01", "\u00b2", "1.5"),
        *(2**63, -(2**63) - 1, 1e300, "9223372036854775808", "9" * 5000),
    ],
)
def test_refuses_a_date_that_is_none_by_its_name(moment: float | str) -> None:
    with pytest.raises(Malformed, match=r"^expected startedTime in epoch ms or ISO 8601, found "):
        epoch_ms(moment, "startedTime")


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", "1e999"])
def test_a_percentage_is_a_number_that_json_can_say(value: str) -> None:
    assert "percentComplete" in refusal(
        f'{{"agendaProgress":{{"percentComplete":"{value}"}}}}'.encode(), UpdateProgress
    )
    found = parse(b'{"agendaProgress":{"percentComplete":"55.5"}}', UpdateProgress, "x")
    assert found is not None
    assert found.agenda_progress is not None
    assert found.agenda_progress.percent_complete == 55.5
