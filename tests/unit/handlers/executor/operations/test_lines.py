"""Lines and their last ones, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handlers.executor.operations.lines import Lines, Tail


def cut(*chunks: bytes, longest: int = 100) -> list[bytes]:
    lines = Lines(longest)
    return [line for chunk in chunks for line in lines.feed(chunk)] + [*lines.end()]


@given(some.lists(some.binary(max_size=8)))
def test_lines_are_the_same_however_the_stream_comes(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    expected = [line.removesuffix(b"\r") for line in whole.removesuffix(b"\n").split(b"\n")] if whole else []
    assert cut(*chunks, longest=10_000) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_of_a_long_line_its_beginning_is_kept_and_one_byte_more(size: int) -> None:
    text = b"abcdefgh\nij\nklmno"
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert cut(*chunks, longest=4) == [b"abcde", b"ij", b"klmno"]


def tail(*chunks: bytes) -> list[str]:
    found = Tail()
    for chunk in chunks:
        found.feed(chunk)
    found.end()
    return found.text()


def test_the_last_20_lines_are_kept() -> None:
    assert tail(*(b"%d\n" % number for number in range(50))) == [str(number) for number in range(30, 50)]


def test_of_long_lines_the_last_that_have_room_in_4_kib_are_kept_each_cut() -> None:
    lines = tail(*(b"%d" % number * 1500 + b"\n" for number in range(9)))
    assert lines == [str(number) * 1024 + "…" for number in (6, 7, 8)]


def test_what_is_no_utf8_is_replaced() -> None:
    assert tail(b"a\xff\xc3\n\xf0\x9f") == ["a��", "�"]


def test_nothing_said_is_nothing_kept() -> None:
    assert tail() == []
