from hypothesis import given
from hypothesis import strategies as st

from handlers.inbox.window import Window


@given(st.lists(st.integers(1, 3), max_size=30), st.randoms(use_true_random=False))
def test_never_commits_beyond_what_is_unfinished(gaps: list[int], chance: object) -> None:
    window, offset, under_way, done = Window(5), 4, set[int](), set[int]()
    for gap in gaps:
        offset += gap  # offsets may have gaps
        window.begin(offset, gap)
        under_way.add(offset)
        for each in sorted(under_way):
            if chance.random() < 0.3:  # type: ignore[attr-defined]
                window.end(each)
                under_way.discard(each)
                done.add(each)
        assert all(each >= window.committable for each in under_way)
        assert window.committable in under_way or (not under_way and window.committable == offset + 1)
        assert len(window) == len(under_way)
    for each in under_way:
        window.end(each)
    assert (window.committable, window.weight, len(window)) == (offset + 1, 0, 0)


def test_nothing_begun_commits_where_it_started() -> None:
    assert Window(7).committable == 7
