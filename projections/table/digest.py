"""One number that stands for all primary rows of a partition (design 4.4). Pure.

The sum mod 2**128 of a 128-bit BLAKE2b over each row's key and stored value: kept incrementally, in any order, and
equal on owner, standby and replay exactly when all their rows are. Graves do not count: a replay need not know them.
"""

from hashlib import blake2b

from projections.rows import PREFIX_LENGTH

MODULUS = 1 << 128
_number = int.from_bytes
#: To copy it costs less than to make one.
_empty = blake2b(digest_size=16)
_LENGTHS = [b"%d:" % length for length in range(512)]


def row_digest(key: bytes, value: bytes | None) -> int:
    """What one stored row adds to the sum."""
    if value is None or len(value) == PREFIX_LENGTH:
        return 0
    length = len(key)
    hashed = _empty.copy()
    hashed.update((_LENGTHS[length] if length < len(_LENGTHS) else b"%d:" % length) + key + value)
    return _number(hashed.digest(), "big")


def in_hex(total: int) -> str:
    """A sum as it stands in the `applied` row."""
    return f"{total % MODULUS:032x}"
