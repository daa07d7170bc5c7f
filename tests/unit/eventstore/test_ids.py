from uuid import UUID, uuid5
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.ids import NAMESPACE, NEIGHBOURS, derive, draw, partition_of, varied
from handlers.clock import draw as fresh

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, st.integers(1, 100))
def test_text_and_bytes_of_a_key_fall_into_one_partition(key: str, partitions: int) -> None:
    assert partition_of(key, partitions) == partition_of(key.encode(), partitions) == crc32(key.encode()) % partitions


def test_partitions_never_change() -> None:
    assert [partition_of(key, 12) for key in ("r1", "r2", "alice", "")] == [9, 11, 11, 0]


def test_one_request_always_leads_to_one_id() -> None:
    assert derive("alice", "POST /api/agenda", "k1", 0, 1) == derive("alice", "POST /api/agenda", "k1", 0, 1)
    assert UUID(derive("alice", "r", "k")).version == 5


@given(TEXT, TEXT, TEXT, st.integers())
def test_it_is_the_uuid5_that_others_can_derive(subject: str, route: str, key: str, n: int) -> None:
    assert derive(subject, route, key, n) == str(uuid5(NAMESPACE, "\x1f".join([subject, route, key, str(n)])))


def test_nothing_of_a_request_may_differ_for_the_same_id() -> None:
    ids = [derive("a", "r", "k"), derive("b", "r", "k"), derive("a", "s", "k"), derive("a", "r", "l")]
    parts = [derive("a", "r", "k", 0), derive("a", "r", "k", 1), derive("a", "r", "k", 0, 1)]

    assert len({*ids, *parts}) == 7


def test_draws_until_an_id_fits() -> None:
    assert draw(lambda n: f"id-{n}", lambda candidate: candidate == "id-3") == "id-3"


class TestVaried:
    """Ids of chance in numbers, where one of them has to fall into a partition."""

    def test_all_of_them_differ_and_all_are_ids_of_chance(self) -> None:
        drawn = iter([fresh(), fresh()])
        identity = varied(lambda: next(drawn))
        found = [identity("progress", n) for n in range(2 * NEIGHBOURS)]

        assert len({*found}) == 2 * NEIGHBOURS
        assert {UUID(one).version for one in found} == {4}
        assert {str(UUID(one)) for one in found} == {*found}

    def test_each_that_begins_anew_is_fresh(self) -> None:
        identity = varied(fresh)

        assert len({identity(part, 0)[:-3] for part in ("command", "progress", "agenda")}) == 3

    @pytest.mark.parametrize("partitions", [1, 12, 1000])
    def test_one_falls_into_every_partition(self, partitions: int) -> None:
        identity = varied(fresh)
        found = draw(lambda n: identity("agenda", n), lambda one: partition_of(one, partitions) == partitions - 1)

        assert partition_of(found, partitions) == partitions - 1
