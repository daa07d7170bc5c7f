from uuid import UUID, uuid5
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from eventstore.ids import NAMESPACE, NEIGHBOURS, derive, draw, near, partition_of
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


class TestNear:
    """Ids of chance in numbers, where they have to fall into a partition."""

    @given(st.integers(1, 40).flatmap(lambda all_: st.tuples(st.integers(0, all_ - 1), st.just(all_))))
    def test_it_falls_where_it_is_wanted_and_is_an_id_of_chance(self, where: tuple[int, int]) -> None:
        found = near(fresh, *where)

        assert partition_of(found, where[1]) == where[0]
        assert (UUID(found).version, str(UUID(found))) == (4, found)

    def test_the_first_neighbour_that_falls_there_is_taken(self) -> None:
        first = "6f1d0c1e-7f2b-4a55-9d3c-0123456789ab"
        tried = [first[:-3] + f"{(0x9AB + n) % NEIGHBOURS:03x}" for n in range(NEIGHBOURS)]

        assert {near(lambda: first, number, 12) for number in range(12)} == {
            next(one for one in tried if partition_of(one, 12) == number) for number in range(12)
        }

    def test_where_no_neighbour_falls_there_another_id_of_chance_is_drawn(self) -> None:
        first, other = (f"6f1d0c1e-7f2b-4a55-9d3c-{number:012x}" for number in (0, 1 << 20))
        drawn = iter([first, other])
        partitions = 100_003
        reached = {partition_of(other[:-3] + f"{n:03x}", partitions) for n in range(NEIGHBOURS)}
        reached -= {partition_of(first[:-3] + f"{n:03x}", partitions) for n in range(NEIGHBOURS)}

        assert near(lambda: next(drawn), min(reached), partitions)[:-3] == other[:-3]
