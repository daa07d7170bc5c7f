"""Spec 5.2, rule by rule: what references in a tree stand for."""

from typing import Any

import pytest

from handlers.wire.replacement import replace

VALUES: dict[str, Any] = {
    "text": "t",
    "number": 1.5,
    "big": 2**70,
    "null": None,
    "yes": True,
    "list": [10, {"b": None}],
    "object": {"a": {"b": [1, 2]}, "n": None, "x/y": 3, "m~n": 4, "": 5, "default": "d", "a>b": 6},
    "a>b": "odd",
    "one.out": {"dir": "/d", "file": "f"},
    "two.out": {"file": "g"},
}


def issues_of(node: Any) -> list[str]:
    found, issues = replace(node, VALUES)
    assert found == node
    return issues


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("@<text>", "t"),
        ("@<number>", 1.5),
        ("@<null>", None),
        ("@<yes>", True),
        ("@<list>", [10, {"b": None}]),
        ("@<object::/a>", {"b": [1, 2]}),
    ],
)
def test_a_text_that_is_one_reference_becomes_the_value_with_its_type(text: str, value: Any) -> None:
    found, issues = replace(text, VALUES)
    assert (found, type(found), issues) == (value, type(value), [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x@<text>y", "xty"),
        ("@<text>@<text>", "tt"),
        ("@<number> ", "1.5 "),
        ("<@<null>>", "<null>"),
        ("is @<yes>", "is true"),
        ("@<big>!", "1180591620717411303424!"),
        ("@<object::/a/b/1>/@<text>", "2/t"),
        ("@<one.out::/dir>/@<two.out::/file>", "/d/g"),
        ("@<one.out::/none?x>/@<two.out::/file>", "x/g"),
        ("@<text>>", "t>"),
        ("@<object::/n?> ", "null "),
        ("@<object::/none?> ", "null "),
    ],
)
def test_in_a_longer_text_scalars_are_put_in_as_text(text: str, value: str) -> None:
    assert replace(text, VALUES) == (value, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("@<object:: >", VALUES["object"]),
        ("@<object::/>", VALUES["object"]),
        ("@<object::a/b/0>", 1),
        ("@<object::/a/b/0>", 1),
        ("@<object::/x~1y>", 3),
        ("@<object::/m~0n>", 4),
        ("@<object::/n>", None),
        ("@<object::/n?else>", None),
        ("@<list::/1/b>", None),
        ("@<object::/a>b>", 6),
    ],
)
def test_a_path_finds_a_part_of_the_value_even_a_null(text: str, value: Any) -> None:
    assert replace(text, VALUES) == (value, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("@<object::/none?>", None),
        ("@<object::/none?7>", "7"),
        ("@<object::/none??7>", "7"),
        ("@<object::?/none?x y>", "x y"),
        ("@<list::/2?x>", "x"),
        ("@<list::/-?x>", "x"),
        ("@<text::/0?x>", "x"),
    ],
)
def test_where_there_is_nothing_the_default_stands_as_text_and_an_empty_one_is_null(text: str, value: Any) -> None:
    assert replace(text, VALUES) == (value, [])


@pytest.mark.parametrize(
    ("text", "issues"),
    [
        ("@<none>", ["none is not known"]),
        ("@<none::/a?default>", ["none is not known"]),
        ("x@<none>y@<nil>", ["none is not known", "nil is not known"]),
        ("@<object::/none>", ["object has nothing at /none"]),
        ("@<list::/-> ", ["list has nothing at /-"]),
        ("@<list::/->", ["list has nothing at /-"]),
        ("@<list::/01>", ["list has nothing at /01"]),
        ("@<list::/[0]>", ["list has nothing at /[0]"]),
        ("@<object::/m~2n>", ["object has nothing at /m~2n"]),
        ("is @<list>", ["list cannot be used in composite string"]),
        ("@<object>-@<object>", ["object cannot be used in composite string"] * 2),
    ],
)
def test_what_cannot_be_replaced_stays_and_is_said(text: str, issues: list[str]) -> None:
    assert issues_of(text) == issues


def test_what_can_be_replaced_in_a_text_is_though_something_else_cannot() -> None:
    assert replace("@<text>@<none>@<one.out::/x>", VALUES) == (
        "t@<none>@<one.out::/x>",
        ["none is not known", "one.out has nothing at /x"],
    )


#: What ends a line in Java, and so a reference: its dot matches none of them.
BREAKS = [f"x@<text::{end}> @<object::/n{end}?7>" for end in "\n\r\u0085\u2028\u2029"]


@pytest.mark.parametrize("text", ["@<>", "@text", "@<text", "@<\n>", "", "@<te\nxt>", *BREAKS])
def test_what_is_no_reference_is_left_alone(text: str) -> None:
    assert issues_of(text) == []


def test_a_name_may_hold_a_bracket_where_the_whole_text_is_one_reference() -> None:
    assert replace("@<a>b>", VALUES) == ("odd", [])


def test_every_value_of_a_tree_is_looked_at_and_no_key() -> None:
    tree = {"@<text>": ["@<text>", {"k": ["@<number>"]}], "n": 1, "b": False, "z": None}
    assert replace(tree, VALUES) == ({"@<text>": ["t", {"k": [1.5]}], "n": 1, "b": False, "z": None}, [])


def test_the_tree_itself_stays_as_it_was() -> None:
    tree = {"a": ["@<text>"]}
    replace(tree, VALUES)
    assert tree == {"a": ["@<text>"]}


def test_what_was_put_in_is_not_looked_at_again() -> None:
    assert replace(["@<a>", "x@<a>"], {"a": "@<b>", "b": "no"}) == (["@<b>", "x@<b>"], [])


def test_issues_come_in_the_order_of_the_tree() -> None:
    assert issues_of({"a": ["@<n1>", {"b": "@<n2>"}], "c": "@<n3>"}) == [f"n{n} is not known" for n in (1, 2, 3)]


def test_a_tree_may_be_deeper_than_pythons_stack() -> None:
    tree: Any = "@<text>"
    for _ in range(100_000):
        tree = [tree]
    found, issues = replace(tree, VALUES)
    for _ in range(100_000):
        (found,) = found
        (tree,) = tree  # taken apart, as Python frees a deep one by recursion
    assert (found, issues) == ("t", [])
