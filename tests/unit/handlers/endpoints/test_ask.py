"""What a query string and a path ask for (spec 2.4)."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.streams import EmptyStreamReader
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from yarl import URL

from handlers.endpoints.ask import Ask, IllegalArgument, reserved, where
from projections.views import Answer
from tests.builders import ALICE


def ask(path: str, object_id: str | None = None, headers: dict[str, str] | None = None) -> Ask:
    return Ask(make_mocked_request("GET", path, headers=headers), None, ALICE, "x", object_id)  # type: ignore[arg-type]


class TestReserved:
    def test_nothing_asked_is_the_first_hundred(self) -> None:
        assert reserved({}) == ({}, 100, None, False)

    @pytest.mark.parametrize("name", ["limit", "Limit", "LIMIT"])
    def test_a_limit_whatever_the_case_of_its_name(self, name: str) -> None:
        assert reserved({name: "7"}) == ({}, 7, None, False)

    @pytest.mark.parametrize(
        ("value", "limit"), [("", 100), ("  ", 100), ("1", 1), ("007", 7), ("10001", 10_000), ("9" * 5000, 10_000)]
    )
    def test_a_blank_limit_is_the_default_and_a_large_one_is_bounded(self, value: str, limit: int) -> None:
        assert reserved({"limit": value})[1] == limit

    @pytest.mark.parametrize("value", ["many", "0", "-1", "1.5", "1e3", "0x10", "1 2", "null", "\u00b2", "\u0663"])
    def test_refuses_a_limit_that_is_no_number_above_none(self, value: str) -> None:
        with pytest.raises(IllegalArgument, match=r"^expected bylimit to be a whole number above 0") as refused:
            reserved({"limit": value})
        assert (refused.value.title, refused.value.code) == ("IllegalArgumentException", 400)

    def test_fields_are_a_list_with_commas(self) -> None:
        assert reserved({"Fields": "id, customerId,,linkId "}) == ({}, 100, ["id", "customerId", "linkId"], False)

    @pytest.mark.parametrize("value", ["", "true", "false", "0"])
    def test_count_counts_by_its_presence(self, value: str) -> None:
        assert reserved({"Count": value}) == ({}, 100, None, True)

    def test_other_names_are_attributes_case_and_all(self) -> None:
        queries = {"linkId": "a", "linkid": "b", "customerId": "", "limits": "x", "cid": "c"}
        assert reserved(queries) == (queries, 100, None, False)

    @pytest.mark.parametrize("name", ["id", "Id", "ID"])
    def test_an_id_may_be_spelt_as_the_wiki_has_it(self, name: str) -> None:
        assert reserved({name: "A"}) == ({"id": "A"}, 100, None, False)

    def test_all_that_is_asked_is_asked_together(self) -> None:
        queries = {"linkId": "l", "limit": "2", "fields": "id", "count": "x", "title": "t"}
        assert reserved(queries) == ({"linkId": "l", "title": "t"}, 2, ["id"], True)


class TestAsk:
    def test_queries_begin_with_by_in_lower_case(self) -> None:
        found = ask("/pop/agenda?bylinkId=a&BytITLE=b&id=c&bytitle=&xbyid=d&bylimit=5").queries
        assert found == {"linkId": "a", "title": "", "limit": "5"}

    @pytest.mark.parametrize(
        ("sent", "value"),
        [("a+b", "a b"), ("a%20b", "a b"), ("a%252Fb", "a/b"), ("%C3%A9", "\u00e9"), ("50%25", "50%")],
    )
    def test_values_are_decoded_and_then_once_more(self, sent: str, value: str) -> None:
        assert ask(f"/pop/agenda?bylinkId={sent}").queries == {"linkId": value}

    @pytest.mark.parametrize(
        ("sent", "identity"), [("account%2F313", "account/313"), ("a+b", "a b"), ("a%2Bb", "a+b"), ("%252F", "%2F")]
    )
    def test_an_id_in_the_path_is_decoded_once_as_urlencoder_made_it(self, sent: str, identity: str) -> None:
        assert ask("/x", sent).object_id == identity

    def test_the_paths_id_goes_before_that_of_the_query(self) -> None:
        assert ask("/x?id=query", "path").object_id == "path"
        assert ask("/x?a=1&id=query").object_id == "query"
        assert ask("/x?byid=query").object_id is None

    @pytest.mark.parametrize("name", ["X-pop-cid", "x-POP-CID"])
    def test_the_correlation_id_is_found_whatever_the_headers_case(self, name: str) -> None:
        assert ask("/x", headers={name: "c1"}).cid == "c1"
        assert ask("/x").cid is None


def test_a_position_names_its_partitions_in_order() -> None:
    assert where(Answer(position={10: 5, 2: 7})) == "agendas/2@7,agendas/10@5"
    assert where(Answer()) == ""


def sent(query: bytes = b"", object_id: bytes | None = None, **headers: bytes) -> Ask:
    """A request as aiohttp hands it over: bytes that are no UTF-8 are lone surrogates in its texts."""
    texts = {name.replace("_", "-"): value.decode("utf-8", "surrogateescape") for name, value in headers.items()}
    url = URL.build(path="/", query_string=query.decode("utf-8", "surrogateescape"), encoded=True)
    request: Any = SimpleNamespace(
        headers=CIMultiDict(texts), rel_url=url, content=EmptyStreamReader(), client_max_size=1
    )
    identity = None if object_id is None else object_id.decode("utf-8", "surrogateescape")
    return Ask(request, None, ALICE, "x", identity)  # type: ignore[arg-type]


class TestBytesThatAreNoUtf8:
    """An answer that repeats a lone surrogate cannot be written, nor an event: it was a 500, and a bare one."""

    @pytest.mark.parametrize(
        ("raw", "text"), [(b"caf\xe9", "caf\u00e9"), (b"caf\xc3\xa9", "caf\u00e9"), (b"\xff\xfe", "\u00ff\u00fe")]
    )
    def test_a_header_is_utf8_or_else_latin_1(self, raw: bytes, text: str) -> None:
        assert sent(X_pop_cid=raw).cid == text

    async def test_two_keys_stay_two(self) -> None:
        origins = [await sent(Idempotency_Key=key).origin() for key in (b"k\xe8", b"k\xe9", b"k\xc3\xa9")]
        assert [origin.identity("command", 0) for origin in origins[1:]] == [origins[1].identity("command", 0)] * 2
        assert origins[0].identity("command", 0) != origins[1].identity("command", 0)

    def test_ids_and_queries_are_read_with_what_is_unreadable_replaced(self) -> None:
        assert sent(object_id=b"a\xff").object_id == "a\ufffd"
        assert sent(b"bylinkId=a\xff&id=\xfe").queries == {"linkId": "a\ufffd"}
        assert sent(b"id=\xfe%ff").object_id == "\ufffd\ufffd"
