"""What `agendum up` tells somebody who has another terminal, and somebody whose Kafka is not there."""

import subprocess
import sys
from pathlib import Path

import pytest

from compose.local import Installation
from compose.ports import free_ports
from handlers.cli.commands.up import whereabouts


def test_another_terminal_is_told_where_kafka_is_and_the_commands_if_it_would_not_find_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = Installation(tmp_path / "data", port=8080, kafka="kafka:9092")
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = whereabouts(installation)
    (tmp_path / "agendum").touch(mode=0o755)

    assert missing == f'export AGENDUM_KAFKA=kafka:9092 PATH="{Path(sys.executable).parent}:$PATH"'
    assert whereabouts(installation) == "export AGENDUM_KAFKA=kafka:9092"


def test_a_kafka_that_was_named_and_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    nowhere, port = free_ports(2)
    more = ["--kafka", f"127.0.0.1:{nowhere}", "--port", str(port), "--data", str(tmp_path / "data")]
    command = [sys.executable, "-c", "from handlers.cli.main import main; main()", "up", *more]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert ended.returncode == 5
    assert ended.stderr.splitlines()[-1] == "next:  name a Kafka that is there, or leave --kafka out to start one"
