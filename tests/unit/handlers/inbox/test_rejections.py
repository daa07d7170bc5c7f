from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from eventstore.errors import BadRequest, Forbidden, Unreadable
from eventstore.topics import MESSAGE_BYTES
from handlers.inbox.rejections import KEPT_BYTES, again, read_rejection, rejection_of

HEADERS = [("ce_id", b"1"), ("odd", b"\xff\x00"), ("none", None)]


def record(value: bytes | None = b"\xff{", key: bytes | None = b"k") -> Any:
    return SimpleNamespace(topic="inbox", partition=3, offset=7, timestamp=5, key=key, value=value, headers=HEADERS)


def written(original: Any) -> Any:
    new, _ = rejection_of(original, Forbidden("no right"), "w")
    return SimpleNamespace(topic="rejections", partition=0, offset=0, key=new.key, value=new.value, headers=new.headers)


def test_a_rejection_reads_back_with_reason_position_and_the_original_bytes() -> None:
    found = read_rejection(written(record()))

    assert (found.reason, found.code, found.message) == ("UnauthorizedException", 403, "no right")
    assert (found.topic, found.partition, found.offset, found.timestamp) == ("inbox", 3, 7, 5)
    assert (found.key, found.value, found.length) == (b"k", b"\xff{", 2)
    assert found.headers == HEADERS
    assert not found.is_cut


def test_written_twice_it_is_the_same_event_and_of_another_record_another() -> None:
    one, two = (rejection_of(record(), Forbidden("no right"), "w")[0] for _ in range(2))
    other = SimpleNamespace(**{**vars(record()), "offset": 8})

    assert one == two
    assert dict(rejection_of(other, Forbidden(""), "w")[0].headers)["ce_id"] != dict(one.headers)["ce_id"]


def test_what_is_long_is_cut_with_its_length_and_hash() -> None:
    value = b"x" * (KEPT_BYTES + 1)
    found = read_rejection(written(record(value)))

    assert (found.is_cut, found.length, found.sha256) == (True, len(value), sha256(value).hexdigest())
    assert found.value == value[:KEPT_BYTES]
    with pytest.raises(BadRequest, match="whole original"):
        again(found, None)
    assert not read_rejection(written(record(value[1:]))).is_cut


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        (b"k", [("h", b"x" * (7 << 20))]),
        (b"k", [("h" * (7 << 20), b"")]),
        (b"k", [("\x01", b"")] * (1 << 19)),
        (b"k" * (7 << 20), HEADERS),
    ],
    ids=["a header", "its name", "many headers", "the key"],
)
def test_a_record_as_large_as_a_topic_takes_can_still_be_refused(key: bytes, headers: list[tuple[str, bytes]]) -> None:
    """What no topic takes could not be refused for ever, and its partition would never get past it."""
    original = record(key=key)
    original.headers = headers
    new, _ = rejection_of(original, Forbidden("no right"), "w")
    assert len(new.key) + len(new.value or b"") < MESSAGE_BYTES // 2
    found = read_rejection(written(original))
    assert found.is_cut
    assert (found.value, found.length) == (b"\xff{", 2)
    with pytest.raises(BadRequest, match="whole original"):
        again(found, None)


def test_it_is_sent_again_byte_for_byte() -> None:
    new = again(read_rejection(written(record())), None)

    assert (new.key, new.value) == (b"k", b"\xff{")
    assert new.headers == [("ce_id", b"1"), ("odd", b"\xff\x00"), ("none", b"")]


def test_what_had_no_key_is_sent_again_only_with_one() -> None:
    found = read_rejection(written(record(key=None)))

    with pytest.raises(BadRequest, match="name one"):
        again(found, None)
    assert again(found, b"given").key == b"given"


def test_a_record_without_a_value_is_told_of_too() -> None:
    assert read_rejection(written(record(None))).value is None


@pytest.mark.parametrize("value", [b"{}", b"\xff", None])
def test_what_others_wrote_is_no_rejection(value: bytes | None) -> None:
    bare = written(record())
    with pytest.raises(Unreadable):
        read_rejection(SimpleNamespace(**{**vars(bare), "value": value}))
    with pytest.raises(Unreadable):
        read_rejection(SimpleNamespace(**{**vars(bare), "headers": []}))
