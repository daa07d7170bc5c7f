"""Ids and the partitions that they fall into (design 4.5). Pure: randomness comes in as a callable."""

from collections.abc import Callable
from hashlib import sha1
from uuid import UUID
from zlib import crc32

#: Namespace of ids that are derived from a request (RFC 9562, version 5).
NAMESPACE = UUID("5d0f7a3e-5c0b-5d5a-9a0e-6a0f4c1d2b7e")

_NAMESPACE = NAMESPACE.bytes
#: Ids that differ in their last three hexadecimal digits.
NEIGHBOURS = 16**3
#: What the last three digits add to a checksum: it is linear, so none has to be computed for a neighbour.
_ADDS = [crc32(b"%03x" % n) ^ crc32(b"000") for n in range(NEIGHBOURS)] * 2


#: The digit that says the variant, for each that stands in its place.
_VARIANTS = {f"{n:x}": "89ab"[n & 3] for n in range(16)}


def partition_of(key: str | bytes, partitions: int) -> int:
    """librdkafka's `consistent` partitioner: crc32(key) mod P. Never changes."""
    return crc32(key.encode() if isinstance(key, str) else key) % partitions


def derive(subject: str, route: str, key: str, *parts: object) -> str:
    """The id that a request with an Idempotency-Key always leads to: uuid5(subject, route, key, parts)."""
    name = "\x1f".join([subject, route, key, *map(str, parts)])
    # Spelled out, because a run's ids take a dozen of them, and building a UUID costs more than its hash.
    return spelled(sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest(), 5)


def spelled(digits: str, version: int) -> str:
    """The UUID of a version (RFC 9562) that is made of 32 hexadecimal digits or more."""
    return (
        f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:32]}"
    )


def near(fresh: Callable[[], str], partition: int, partitions: int) -> str:
    """An id of chance that falls into a partition: of a fresh one and its neighbours, whose last three hexadecimal
    digits alone differ, the first that does.

    Where an id falls is known only when it is there, and a fresh one costs ten times as much as to look at a neighbour.
    """
    while True:
        first = fresh()
        stem, place = first[:-3], int(first[-3:], 16)
        begun = crc32(f"{stem}000".encode())
        for n in range(place, place + NEIGHBOURS):
            if (begun ^ _ADDS[n]) % partitions == partition:
                return f"{stem}{n % NEIGHBOURS:03x}"


def draw(make: Callable[[int], str], fits: Callable[[str], bool]) -> str:
    """The first of make(0), make(1), … that fits: ids of one run are drawn until they share its partition."""
    n = 0
    while not fits(candidate := make(n)):
        n += 1
    return candidate
