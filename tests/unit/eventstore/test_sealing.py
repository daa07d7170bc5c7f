from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.sealing import Cipher, PlainCipher, fingerprint, mac_of, seal_field, seal_value
from tests.ciphers import RandomisingCipher

CIPHERS = [PlainCipher(b"secret"), RandomisingCipher()]
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3)
)
each_cipher = pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: type(cipher).__name__)


@each_cipher
@given(value=JSON)
def test_opens_what_was_sealed(cipher: Cipher, value: Any) -> None:
    assert orjson.loads(cipher.open("alice", seal_value(cipher, "alice", value))) == value


@each_cipher
def test_a_map_keeps_its_keys_and_a_list_its_nulls(cipher: Cipher) -> None:
    sealed_map = seal_field(cipher, "alice", {"a": 1, "b": None})
    sealed_list = seal_field(cipher, "alice", ["x", None])

    assert isinstance(sealed_map, dict)
    assert list(sealed_map) == ["a", "b"]
    assert isinstance(sealed_list, list)
    assert sealed_list[1] is None
    assert seal_field(cipher, "alice", None) is None


@each_cipher
@given(left=JSON, right=JSON)
def test_fingerprints_are_equal_exactly_when_the_values_are(cipher: Cipher, left: Any, right: Any) -> None:
    same = orjson.dumps(left) == orjson.dumps(right)

    marks = [fingerprint(seal_field(cipher, "alice", value)) for value in (left, right)]

    assert (marks[0] == marks[1]) == same
    assert marks[0] == fingerprint(seal_field(cipher, "alice", left))


@each_cipher
def test_customers_do_not_share_macs(cipher: Cipher) -> None:
    assert mac_of(seal_value(cipher, "alice", 1)) != mac_of(seal_value(cipher, "bob", 1))


def test_two_seals_of_one_value_may_differ_in_every_byte_but_the_mac() -> None:
    first, second = (seal_value(RandomisingCipher(), "alice", "a payload") for _ in range(2))

    assert first != second
    assert mac_of(first) == mac_of(second)
    assert "payload" not in first
