"""What `agendum up` tells somebody who has another terminal, and somebody whose Kafka or port is not there."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from compose.local import Installation
from compose.ports import free_ports
from handlers.cli.commands.up import whereabouts
from handlers.cli.commands.work import cannot_serve
from handlers.process.listener import HttpServer
from handlers.process.settings import Settings
from tests.spec import impossible


def test_another_terminal_is_told_where_kafka_is_and_the_commands_if_it_would_not_find_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = Installation(tmp_path / "data", port=8080, kafka="kafka:9092")
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = whereabouts(installation)
    (tmp_path / "agendum").touch(mode=0o755)

    assert missing == f'export AGENDUM_KAFKA=kafka:9092 PATH="{Path(sys.executable).parent}:$PATH"'
    assert whereabouts(installation) == "export AGENDUM_KAFKA=kafka:9092"


def agendum(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from handlers.cli.main import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_where_only_the_port_is_taken_another_port_is_all_that_is_to_be_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ended = agendum("up", "--port", str(port), "--data", str(tmp_path / "my data"))

    assert (ended.returncode, ended.stderr.splitlines()) == (
        4,
        [
            "error: cannot start here",
            f"why:   port {port} is taken (Address already in use)",
            f"next:  stop what listens there, or: agendum up --port N --data '{tmp_path}/my data'",
        ],
    )


def test_where_another_installation_has_the_directory_it_has_its_port_as_well(tmp_path: Path) -> None:
    holder = Installation(tmp_path, port=free_ports(1)[0])
    holder.claim()
    try:
        ended = agendum("up", "--data", str(tmp_path), "--port", str(free_ports(1)[0]))
    finally:
        holder.stop()

    assert ended.returncode == 4
    assert ended.stderr.splitlines()[1:] == [
        f"why:   process {os.getpid()} ({holder.url}) runs on {tmp_path}",
        "next:  stop that one, or: agendum up --port N --data DIR",
    ]


@pytest.mark.parametrize(
    ("port", "internal", "then"),
    [
        ("taken", 0, "stop what listens there, or choose another --port"),
        (0, "taken", "stop what listens there, or choose another AGENDUM_INTERNAL_PORT (0: any that is free)"),
    ],
)
async def test_a_worker_that_cannot_listen_says_which_of_its_ports_is_taken(
    port: object, internal: object, then: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        given = [taken if one == "taken" else 0 for one in (port, internal)]
        server = HttpServer(impossible, "127.0.0.1", max(given))  # type: ignore[arg-type]
        with pytest.raises(OSError, match="bind on address") as refused:
            await server.start()
        await server.stop()

    stop = cannot_serve(refused.value, Settings.model_validate({"port": given[0], "internal_port": given[1]}))
    assert stop.then == then
    assert str(taken) in stop.why


def test_a_directory_that_cannot_be_written_is_no_port_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError) as refused:
        (tmp_path / "file" / "below").mkdir()
    stop = cannot_serve(refused.value, Settings.model_validate({}))
    assert str(tmp_path) in stop.why
    assert "--data" in stop.then
    assert "listen" not in stop.why


def test_a_kafka_that_was_named_and_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    nowhere, port = free_ports(2)
    more = ["--kafka", f"127.0.0.1:{nowhere}", "--port", str(port), "--data", str(tmp_path / "data")]

    ended = agendum("up", *more)

    assert ended.returncode == 5
    assert ended.stderr.splitlines()[-1] == "next:  name a Kafka that is there, or leave --kafka out to start one"
