"""Objects and envelopes as POP's clients read them (spec 1.1, 1.9, 1.10, 2.2, 2.7)."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from eventstore.errors import BadRequest
from eventstore.model import (
    Agenda,
    AgendaInsight,
    AgendaProgress,
    Insight,
    Operation,
    OperationProgress,
    ResourcePool,
)
from eventstore.sealing import DEEPEST, Cipher, PlainCipher, seal_field, seal_list, seal_map, seal_value
from handlers.wire.responses import (
    Opener,
    catalogue_object,
    encode,
    envelope,
    error_response,
    service_answer,
    without_nulls,
)
from projections.views import ProgressView
from tests.builders import COMPLETE, WAITING, customer, insight
from tests.ciphers import RandomisingCipher

CIPHERS: list[Cipher] = [RandomisingCipher(), PlainCipher(b"secret")]


@pytest.fixture(params=CIPHERS, ids=["randomising", "plain"])
def cipher(request: pytest.FixtureRequest) -> Cipher:
    found: Cipher = request.param
    return found


def read(wire: Any) -> Any:
    """What a client gets."""
    return msgspec.json.decode(encode(wire))


def operation(cipher: Cipher, payload: Any, **more: Any) -> Any:
    row = Operation(name="a", payload=seal_field(cipher, "alice", payload), **more)
    agenda = read(Opener(cipher).agenda(Agenda(id="a1", customer_id="alice", operations=[row])))
    return agenda["operations"][0]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"a": None, "b": {"c": None, "d": [None, {"e": None}]}}, {"b": {"d": [None, {}]}}),
        ([None, {"a": None}, [None]], [None, {}, [None]]),
        ({"empty": "", "list": [], "map": {}}, {"empty": "", "list": [], "map": {}}),
        ({"a": "null", "b": "a null in a text"}, {"a": "null", "b": "a null in a text"}),
        ({"null": 1, "x": {"null": None}}, {"null": 1, "x": {}}),
        ("null", "null"),
        ('text: \u00e9\U0001f3ac\x00"', 'text: \u00e9\U0001f3ac\x00"'),
        (0, 0),
        (False, False),
        ({}, {}),
        ([], []),
    ],
)
def test_nulls_are_left_out_of_maps_and_kept_in_lists(cipher: Cipher, payload: Any, shown: Any) -> None:
    found = operation(cipher, payload)["payload"]
    assert (type(found), found) == (type(shown), shown)


def test_an_integer_of_any_size_and_a_deep_payload_come_back_as_they_were(cipher: Cipher) -> None:
    deep: Any = None
    for _ in range(DEEPEST):
        deep = [deep]
    for payload in ({"n": 2**64, "m": [-(2**70), {"none": None}]}, [2**64, None], 10**40, deep):
        shown = {"n": 2**64, "m": [-(2**70), {}]} if isinstance(payload, dict) else payload
        assert operation(cipher, payload)["payload"] == shown


def test_refuses_what_is_nested_deeper_than_answers_can_say(cipher: Cipher) -> None:
    deep: Any = []
    for _ in range(DEEPEST):
        deep = {"x": deep}
    with pytest.raises(BadRequest, match=r"^expected values nested at most 254 deep$"):
        seal_value(cipher, "alice", deep)


def test_numbers_keep_their_kind(cipher: Cipher) -> None:
    payload = {"whole": 1, "part": 1.0, "large": 2**63, "x": {"part": 2.0, "none": None}}
    wire = Opener(cipher).agenda(
        Agenda(customer_id="alice", operations=[Operation(name="a", payload=seal_field(cipher, "alice", payload))])
    )
    assert b'"payload":{"whole":1,"part":1.0,"large":9223372036854775808,"x":{"part":2.0}}' in encode(wire)


def test_an_agenda_shows_what_was_said_and_no_field_that_decisions_keep_beside_it(cipher: Cipher) -> None:
    row = Agenda(
        id="a1",
        customer_id="alice",
        operations=[
            Operation(
                name="a",
                params=seal_map(cipher, "alice", {"dependsOn": "b", "none": None}),
                depends_on=["b"],
                references=["c"],
                generated_parent="d",
            )
        ],
        params=seal_map(cipher, "alice", {"doNotRun": None, "n": 1}),
        link_id="l",
        agenda_insight=AgendaInsight(insight_id="i1"),
    )
    assert read(Opener(cipher).agenda(row)) == {
        "id": "a1",
        "customerId": "alice",
        "operations": [{"name": "a", "params": {"dependsOn": "b"}}],
        "params": {"n": 1},
        "linkId": "l",
        "agendaInsight": {"insightId": "i1"},
    }


@pytest.mark.parametrize(
    "row",
    [
        Agenda(),
        Agenda(id="a1", title='a "title"', operations=[]),
        Agenda(id="a1", customer_id="alice", added_time=0, job_id="", agenda_insight=AgendaInsight(insight_id="i1")),
        Agenda(
            id="a1",
            customer_id="alice",
            operations=[
                Operation(name="a", type="t", id="", depends_on=["b"], references=["c"], generated_parent="d"),
                Operation(name="b"),
            ],
        ),
    ],
    ids=lambda row: str(len(row.operations or ())),
)
@pytest.mark.parametrize(
    "said",
    [None, {}, {"a": None, "b": {"c": None, "d": "null"}}, [None, {"none": None}, 1.0], "null", 10**40, False],
    ids=str,
)
def test_an_agenda_is_written_to_the_bytes_that_its_object_comes_to(cipher: Cipher, row: Agenda, said: Any) -> None:
    customer = row.customer_id or ""
    params = seal_map(cipher, customer, said) if isinstance(said, dict) else None
    operations = [replace(one, payload=seal_field(cipher, customer, said)) for one in row.operations or ()]
    sealed = replace(row, params=params, operations=None if row.operations is None else operations)
    opener = Opener(cipher)
    assert encode(opener.agenda_json(sealed)) == encode(opener.agenda(sealed))


@pytest.mark.parametrize(("params", "shown"), [(None, {"added": 7}), ({"n": 1, "added": 0}, {"n": 1, "added": 7})])
def test_when_it_was_added_is_put_among_the_params_where_it_is_told(cipher: Cipher, params: Any, shown: Any) -> None:
    row = Agenda(customer_id="alice", params=None if params is None else seal_map(cipher, "alice", params))
    assert read(Opener(cipher).agenda(row, 7))["params"] == shown
    assert read(Opener(cipher).agenda(row)).get("params") == params


def test_an_agenda_without_operations_shows_none(cipher: Cipher) -> None:
    assert "operations" not in read(Opener(cipher).agenda(Agenda(id="a1")))
    assert read(Opener(cipher).agenda(Agenda(id="a1", operations=[])))["operations"] == []


def test_a_progress_shows_its_operations_and_opens_what_is_sealed(cipher: Cipher) -> None:
    events = [None, {"message": "m", "payload": None, "stackTrace": "null"}]
    view = ProgressView(
        progress=AgendaProgress(
            id="r1",
            customer_id="alice",
            processing_state=COMPLETE,
            diagnostic_events=seal_list(cipher, "alice", events),
            percent_complete=0.0,
            attempts_completed=0,
        ),
        operations=[
            OperationProgress(
                id="r1-a",
                customer_id="alice",
                processing_state=WAITING,
                result_payload=seal_value(cipher, "alice", '{"a":null}'),
                params=seal_map(cipher, "alice", {"JobId": None, "n": "null"}),
                attempt=4,
            )
        ],
    )
    found = read(Opener(cipher).progress(view))
    assert found == {
        "id": "r1",
        "customerId": "alice",
        "processingState": "COMPLETE",
        "diagnosticEvents": [None, {"message": "m", "stackTrace": "null"}],
        "percentComplete": 0.0,
        "attemptsCompleted": 0,
        "operationProgress": [
            {
                "id": "r1-a",
                "customerId": "alice",
                "processingState": "WAITING",
                "resultPayload": '{"a":null}',
                "params": {"n": "null"},
            }
        ],
    }


def test_a_progress_without_operations_shows_an_empty_list_and_none_if_they_are_not_wanted(cipher: Cipher) -> None:
    view = ProgressView(progress=AgendaProgress(id="r1"))
    assert read(Opener(cipher).progress(view)) == {"id": "r1", "operationProgress": []}
    assert read(Opener(cipher).progress(view, operations=False)) == {"id": "r1"}


def test_an_insight_says_global_twice_and_neither_if_it_was_never_said() -> None:
    for said in (True, False):
        found = read(catalogue_object(insight(is_global=said), lambda _: []))
        assert (found["global"], found["isGlobal"]) == (said, said)
    assert {"global", "isGlobal"}.isdisjoint(read(catalogue_object(Insight(id="i1"), lambda _: [])))
    assert "global" not in read(catalogue_object(customer(), lambda _: []))


def test_an_insight_keeps_what_is_empty_and_leaves_out_what_is_null() -> None:
    row = Insight(id="i1", mappers={"operationType": []}, allowed_customer_ids=[], queue_size=0, title="")
    assert read(catalogue_object(row, lambda _: [])) == {
        "id": "i1",
        "title": "",
        "mappers": {"operationType": []},
        "allowedCustomerIds": [],
        "queueSize": 0,
    }


def test_a_pool_names_its_insights_and_an_empty_list_if_there_are_none() -> None:
    insights = {"p1": ["i1", "i2"]}
    assert read(catalogue_object(ResourcePool(id="p1"), insights.__getitem__)) == {
        "id": "p1",
        "insightIds": ["i1", "i2"],
    }
    assert read(catalogue_object(ResourcePool(id="p1"), lambda _: []))["insightIds"] == []
    assert "insightIds" not in read(catalogue_object(customer(), lambda _: ["i1"]))


def test_the_envelope_counts_what_it_holds_unless_a_count_was_asked_for() -> None:
    assert envelope(iter([1, 2])) == {"all": [1, 2], "count": 2, "error": False}
    assert envelope([]) == {"all": [], "count": 0, "error": False}
    assert envelope([], count=7, cid="c") == {"all": [], "count": 7, "error": False, "cid": "c"}
    assert envelope([1], cid="")["cid"] == ""


def test_a_service_answers_its_fields_and_that_there_was_no_error() -> None:
    assert service_answer({}) == {"error": False}
    assert service_answer({"agendas": []}, cid="c") == {"agendas": [], "error": False, "cid": "c"}


def test_an_error_says_its_java_name_its_text_and_no_trace_of_ours() -> None:
    found = error_response("ValidationException", "No.", 422, "c")
    assert found == {
        "title": "ValidationException",
        "description": "No.",
        "responseCode": 422,
        "correlationId": "c",
        "serverStackTrace": "ValidationException: No.",
    }
    assert "correlationId" not in error_response("X", "y", 400, None)


def test_without_nulls_leaves_its_argument_as_it_was() -> None:
    node = {"a": None, "b": [None, {"c": None}]}
    assert without_nulls(node) == {"b": [None, {}]}
    assert node == {"a": None, "b": [None, {"c": None}]}
