"""The grammar of references in payloads (spec 5.2, 1)."""

from typing import Any

import pytest

from handlers.wire.references import names_in, operations_in


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ("@<a>", ["a"]),
        ("@<a.out::/x/0>", ["a.out"]),
        ("from @<a.out::/x> to @<b.out::/y>", ["a.out", "b.out"]),
        ("@<a.out::/x?none>", ["a.out"]),
        ("@<a.out::/x::y>", ["a.out"]),
        ("@<a b.out>", ["a b.out"]),
        ("@<a.out> @<a.out>", ["a.out", "a.out"]),
    ],
)
def test_a_token_is_a_name_and_perhaps_a_path(payload: str, names: list[str]) -> None:
    assert names_in(payload) == names


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "a.out",
        "@<>",
        "@<a.out",
        "@ <a.out>",
        "<a.out>",
        "@<a\n.out>",
        "@<a\r.out>",
        "@<a\u0085.out>",
        "@<a\u2028.out>",
        "@<a\u2029.out>",
        "a@b<c>",
    ],
)
def test_other_text_is_no_token(payload: str) -> None:
    assert names_in(payload) == []


def test_two_tokens_that_fill_a_whole_string_are_two_references() -> None:
    # POP reads `a.out>:@<b.out` as one name here; spec 13 lets that be repaired.
    assert names_in("@<a.out>:@<b.out>") == ["a.out", "b.out"]


def test_string_values_are_looked_at_however_deep_and_keys_are_not() -> None:
    payload: Any = {"@<key.out>": 1, "a": "@<a.out>", "b": ["@<b.out>", {"c": "@<c.out>"}, None, 1.5, True], "d": "d"}
    assert names_in(payload) == ["a.out", "b.out", "c.out"]


@pytest.mark.parametrize("payload", [None, 7, False, [], {}])
def test_a_payload_without_text_refers_to_nothing(payload: Any) -> None:
    assert names_in(payload) == []


def test_a_deep_payload_is_walked_without_recursion() -> None:
    payload: Any = "@<deep.out>"
    for _ in range(5000):
        payload = [payload]
    assert names_in(payload) == ["deep.out"]


def test_the_operations_referred_to_are_those_of_results_each_once_in_order() -> None:
    payload = ["@<b.out::/x>", "@<a.out>", "@<b.out>", "@<pop.agendaId>", "@<a>", "@<.out.out>"]
    assert operations_in(payload) == ["b", "a", ".out"]
