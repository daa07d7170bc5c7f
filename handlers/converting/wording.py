"""What may stand in an agenda: names that POP keeps apart, texts that refer to nothing. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, count

#: `dependsOn` is cut at commas, NUL separates row keys, and Java trims control characters like blanks.
_UNSAFE = re.compile(r"[,\x00-\x1f\x7f]")
#: POP's limit is 1024; the rest is for what tells two names apart.
MAXIMUM_NAME_BYTES = 1000
MAXIMUM_TEXT = 200


def names_of(ids: Sequence[str]) -> dict[str, str]:
    """An operation's name for each id, all different whatever their case; an id that can be a name stays as it is."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for identity in ids:
        if _stem(identity) == identity and identity.lower() not in taken:
            names[identity] = identity
            taken.add(identity.lower())
    for index, identity in enumerate(ids):
        if identity not in names:
            names[identity] = next(name for name in _candidates(identity, index, len(ids)) if name.lower() not in taken)
            taken.add(names[identity].lower())
    return {identity: names[identity] for identity in ids}


def harmless(text: str) -> str:
    """A text for a payload: short, and not taken for a reference (`@<name>`) that would have to be resolved."""
    shown = text if len(text) <= MAXIMUM_TEXT else f"{text[:MAXIMUM_TEXT]}…"
    return shown.replace("@<", "@ <")


def _stem(identity: str) -> str:
    cleaned = _UNSAFE.sub("_", identity).strip()
    return cleaned.encode()[:MAXIMUM_NAME_BYTES].decode(errors="ignore").strip() or "task"


def _candidates(identity: str, index: int, step: int) -> Iterator[str]:
    """Numbers that no other id of the list tries, so that thousands of alike ids do not get in each other's way."""
    stem = _stem(identity)
    return chain([stem], (f"{stem}~{number}" for number in count(index, step)))
