"""Payload fields are sealed at the edge, before any decision (design 4.7). Pure, given a cipher.

A sealed value is the text "<key id>:<mac>:<data>": which key, a MAC of the plain JSON under the customer's key,
and the JSON itself in whatever form the cipher makes of it. Two seals of one value need not be equal bytes:
equality and digests use the mac (`fingerprint`). decide and evolve never open.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec
import orjson

from eventstore.errors import BadRequest
from eventstore.model import Sealed, SealedField

#: How deep lists and maps in one sealed value may be nested: what is deeper, readers could not walk.
DEEPEST = 254
#: So long a MAC leaves no two values of a customer alike by chance, and 20 characters of text.
MAC_BYTES = 15


class Cipher(Protocol):
    """Turns plain JSON into a sealed value of a customer and back."""

    def seal(self, customer_id: str, plain: bytes) -> Sealed:
        """Seal JSON text."""

    def open(self, customer_id: str, sealed: Sealed) -> bytes:
        """The JSON text again."""


class PlainCipher:
    """Keeps the JSON readable: what runs until customers can be erased by dropping a key (design 8).

    Its MAC is BLAKE2b with a key (RFC 7693, 2.9), where design 4.7 says HMAC: as good against forgers, and a third of
    the cost, of which every operation of every submission has its share.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.blake2b(secret).digest()  # a key may have 64 bytes, a secret any number
        #: customer -> the MAC of nothing under its key: to copy it costs less than to begin with the key
        self._begun: dict[str, hashlib.blake2b] = {}

    def seal(self, customer_id: str, plain: bytes) -> Sealed:
        """See Cipher."""
        begun = self._begun.get(customer_id)
        if begun is None:
            if len(self._begun) > 10_000:
                self._begun.clear()
            begun = self._begun[customer_id] = self._of_nothing(customer_id)
        whole = begun.copy()
        whole.update(plain)
        return f"plain:{urlsafe_b64encode(whole.digest()).decode()}:{plain.decode()}"

    def open(self, customer_id: str, sealed: Sealed) -> bytes:  # noqa: ARG002  # other ciphers need the key
        """See Cipher."""
        return sealed.split(":", 2)[2].encode()

    def _of_nothing(self, customer_id: str) -> hashlib.blake2b:
        key = hashlib.blake2b(customer_id.encode(), key=self._secret).digest()
        return hashlib.blake2b(key=key, digest_size=MAC_BYTES)


def _refuse_deep(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
    if level:
        raise BadRequest(f"expected values nested at most {DEEPEST} deep")


def _children(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def mac_of(sealed: Sealed) -> str:
    """What stands for the value wherever values are compared."""
    return sealed.split(":", 2)[1]


def fingerprint(field: SealedField | None) -> Any:
    """A sealed field with every seal replaced by its mac: equal iff the plain values are."""
    match field:
        case None:
            return None
        case str():
            return mac_of(field)
        case dict():
            return {name: mac_of(value) for name, value in field.items()}
        case list():
            return [None if value is None else mac_of(value) for value in field]


def seal_value(cipher: Cipher, customer_id: str, value: Any) -> Sealed:
    """Seal one JSON value whole; raises BadRequest if it is nested too deep."""
    try:
        plain = orjson.dumps(value)
    except TypeError:
        # It stops at 64 bits, where JSON does not, and at a depth that ours then has to be.
        _refuse_deep(value)
        plain = msgspec.json.encode(value)
    return cipher.seal(customer_id, plain)


def seal_map(cipher: Cipher, customer_id: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Seal a map value by value; its keys stay plain."""
    return {name: seal_value(cipher, customer_id, value) for name, value in values.items()}


def open_map(cipher: Cipher, customer_id: str, sealed: Mapping[str, str]) -> dict[str, Any]:
    """The plain values of a map that was sealed value by value, nulls included."""
    return {name: msgspec.json.decode(cipher.open(customer_id, value)) for name, value in sealed.items()}


def seal_list(cipher: Cipher, customer_id: str, values: list[Any]) -> list[str | None]:
    """Seal a list entry by entry; null entries stay null."""
    return [None if value is None else seal_value(cipher, customer_id, value) for value in values]


def seal_field(cipher: Cipher, customer_id: str, value: Any) -> SealedField | None:
    """Seal any JSON value: maps by value, lists by entry, scalars whole; None stays None."""
    match value:
        case None:
            return None
        case dict():
            return seal_map(cipher, customer_id, value)
        case list():
            return seal_list(cipher, customer_id, value)
        case _:
            return seal_value(cipher, customer_id, value)
