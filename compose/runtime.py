"""`python -m compose.runtime`: the part of requirements.lock that the program itself needs, sums and all.

pip-compile writes under each package `# via` whom it is for. What the project asks for without extras is in, and so is
what is there for the sake of something that is in. Standard library only: it runs before anything is installed.
"""

import re
import sys
import tomllib
from pathlib import Path

PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)==")


def runtime(lock: str, pyproject: str) -> str:
    """The lines of `lock` for what `pyproject` needs. Raises ValueError if one of its dependencies is not there."""
    blocks = _blocks(lock)
    wanted = [_name(each) for each in tomllib.loads(pyproject)["project"]["dependencies"]]
    if missing := [name for name in wanted if name not in blocks]:
        raise ValueError(f"expected the lock to have {', '.join(missing)}: make it again with pip-compile")
    reasons = {name: _via(block) for name, block in blocks.items()}
    kept: set[str] = set()
    more = set(wanted)
    while more:
        kept |= more
        more = {name for name, whom in reasons.items() if whom & more} - kept
    return "".join(block for name, block in blocks.items() if name in kept)


def _blocks(lock: str) -> dict[str, str]:
    blocks: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        if found := PACKAGE.match(line):
            name = found[1]
        # A comment that is not indented belongs to no package.
        if name and not line.startswith("#"):
            blocks[name] = blocks.get(name, "") + line
    return blocks


def _via(block: str) -> set[str]:
    """Names after `# via`, one a line or on the same."""
    return set(re.findall(r"^    #(?: via)? +(?!via$)(\S+)$", block, re.MULTILINE))


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


if __name__ == "__main__":
    sys.stdout.write(runtime(Path("requirements.lock").read_text(), Path("pyproject.toml").read_text()))
