"""What a program is told through its environment (spec 10.1), and what of ours it may see.

A payload of up to 100,000 bytes is PAYLOAD; a longer one is compressed, in parts; one that is too long for that too is
given on stdin alone, and POP_PAYLOAD_TYPE says `stdin`. On stdin it stands in any case. (What is too long for POP's
handlers is in files: `contract`.)
"""

import base64
import zlib
from collections.abc import Mapping

import msgspec

from handlers.executor.operations.task import Task

#: What a program needs of the executor's own environment. Tokens and addresses stay here.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "TZ")
NO_LANGUAGE = ("", "C", "POSIX")
LAST_PROGRESS, TYPE, STDIN = b"LAST_PROGRESS", b"POP_PAYLOAD_TYPE", b"stdin"
_COMPRESSED = "POP_COMPRESSED_PAYLOAD_"
_GIVEN = frozenset({
    "OPERATION_NAME", "AGENDA_ID", "OPERATION_ID", "CUSTOMER_ID", "PROGRESS_ID", "CID", "LAST_PROGRESS", "PAYLOAD",
    "POP_PAYLOAD_TYPE",
})  # fmt: skip
#: Of one variable; Linux takes 131,072 bytes with its name (MAX_ARG_STRLEN).
PART_BYTES = 100_000
#: Of a compressed payload; Linux takes 2 MiB of arguments and environment in all (a quarter of the usual stack).
MAXIMUM_BYTES = 1_000_000

encode = msgspec.json.Encoder().encode


def environment(task: Task, payload: bytes, own: Mapping[str, str], more: Mapping[str, str]) -> dict[bytes, bytes]:
    """The whole environment of a program: UTF-8, whatever the executor's own locale. `own` is empty for a container."""
    said = {
        **_passed_on(own),
        **more,
        "OPERATION_NAME": task.name,
        "AGENDA_ID": task.agenda_id,
        "OPERATION_ID": f"{task.progress_id}-{task.name}",
        "CUSTOMER_ID": task.customer_id,
        "PROGRESS_ID": task.progress_id,
    }
    if task.cid is not None:
        said["CID"] = task.cid
    return {
        **{name.encode(): value.encode(errors="surrogateescape") for name, value in said.items()},
        **_prior(task),
        **_payload(payload),
    }


def is_free(name: str) -> bool:
    """A registry entry may give a variable of this name."""
    return bool(name) and not {"=", "\0"} & {*name} and name not in _GIVEN and not name.startswith(_COMPRESSED)


def _passed_on(own: Mapping[str, str]) -> dict[str, str]:
    found = {name: own[name] for name in PASSED_ON if name in own}
    # A JVM reads its environment, and writes its log, in the letters that LANG names: without one, in those of ASCII.
    if own and found.get("LANG", "") in NO_LANGUAGE:
        found["LANG"] = "C.UTF-8"
    return found


def _prior(task: Task) -> dict[bytes, bytes]:
    if task.prior is None:
        return {}
    text = encode(task.prior)
    return {LAST_PROGRESS: text} if len(text) <= PART_BYTES else {}


def _payload(payload: bytes) -> dict[bytes, bytes]:
    if len(payload) <= PART_BYTES:
        return {TYPE: b"envVar", b"PAYLOAD": payload}
    text = base64.b64encode(zlib.compress(payload))
    if len(text) > MAXIMUM_BYTES:
        return {TYPE: STDIN}
    parts = [text[at : at + PART_BYTES] for at in range(0, len(text), PART_BYTES)]
    return {
        TYPE: b"compressedEnvVar",
        **{f"{_COMPRESSED}{number}".encode(): part for number, part in enumerate(parts)},
    }
