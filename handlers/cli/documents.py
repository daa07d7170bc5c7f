"""Files that a command is given: `-` is standard input; what is wrong in one is said with its place."""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from handlers.cli.exits import Exit, Stop
from handlers.client.objects import Agenda


def read(path: Path) -> bytes:
    """The file's bytes. Raises Stop."""
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as wrong:
        raise Stop(
            Exit.USAGE, f"cannot read {path}", wrong.strerror or str(wrong), "name a file that is there, or - for stdin"
        ) from None


def json_of(path: Path) -> Any:
    """The JSON in a file. Raises Stop, with line and column."""
    text = read(path)
    then = f"mend {path}, and try again"
    try:
        # Only the standard library says line and column.
        return json.loads(text.decode())
    except json.JSONDecodeError as wrong:
        why = f"line {wrong.lineno}, column {wrong.colno}: {wrong.msg}"
        raise Stop(Exit.USAGE, f"{path} is not JSON", why, then) from None
    except UnicodeDecodeError as wrong:
        raise Stop(Exit.USAGE, f"{path} is not JSON", f"byte {wrong.start} is not UTF-8", then) from None
    except RecursionError:
        raise Stop(Exit.USAGE, f"{path} is not JSON", "it is nested too deep", then) from None


def agenda_of(path: Path) -> tuple[Agenda, dict[str, Any]]:
    """The agenda in a file, typed and as it was written. Raises Stop."""
    found = json_of(path)
    try:
        return msgspec.convert(found, Agenda, strict=False), found
    except msgspec.ValidationError as wrong:
        raise Stop(Exit.USAGE, f"{path} is not an agenda", str(wrong), f"mend {path}, and try again") from None
