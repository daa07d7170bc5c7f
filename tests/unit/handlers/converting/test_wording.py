"""Names are kept apart as POP keeps them apart, and texts refer to nothing."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from handlers.converting.wording import harmless, names_of
from handlers.intake.validation import refuse_unstorable
from handlers.wire.references import names_in


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["a.b_1", "c d"], ["a.b_1", "c d"]),
        (["a,b", "a_b"], ["a_b~0", "a_b"]),
        (["a,b", "a_b~0", "a_b"], ["a_b~3", "a_b~0", "a_b"]),
        (["Sort", "sort", "SORT"], ["Sort", "sort~1", "SORT~2"]),
        (["", " ", "\0", "\n"], ["task", "task~1", "_", "_~3"]),
        ([" a", "a "], ["a", "a~1"]),
        (["é" * 600], ["é" * 500]),
    ],
)
def test_a_name_is_its_id_unless_pop_could_not_take_it(ids: list[str], names: list[str]) -> None:
    assert [*names_of(ids).values()] == names


@for_all(st.lists(st.text(st.sampled_from("aA,~01\0 _é"), max_size=4), unique=True, max_size=40))
def test_whatever_the_ids_their_names_are_all_different_and_survive_depends_on(ids: list[str]) -> None:
    names = [*names_of(ids).values()]
    assert [*names_of(ids)] == ids
    assert len({name.lower() for name in names}) == len(ids)
    assert all(name and name == name.strip() and "," not in name for name in names)
    refuse_unstorable(names)


def test_thousands_of_alike_ids_are_named_without_a_search() -> None:
    names = names_of([f"{'a' * n},".ljust(5000, "x") for n in range(2000, 4500)])
    assert len({*names.values()}) == 2500


@for_all(st.text("@<>:a. ", max_size=20))
def test_whatever_a_text_says_it_refers_to_nothing(text: str) -> None:
    assert names_in(harmless(text)) == []
