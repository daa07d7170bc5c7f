"""Kafka in a container: what is asked of Docker (there is none to ask here; a program of its name writes it down)."""

import os
from pathlib import Path

import pytest

from compose.kafka import container
from compose.kafka.cluster import LocalKafka
from compose.kafka.container import ContainerKafka, command, is_here
from compose.local import Installation


def on_the_path(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    folder.mkdir()
    for name, text in programs.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_java_is_taken_before_docker_and_docker_where_there_is_no_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Installation(tmp_path / "data", port=1)
    on_the_path(tmp_path / "both", monkeypatch, java="exit 0", docker="exit 0")
    assert isinstance(found._broker(), LocalKafka)
    on_the_path(tmp_path / "docker", monkeypatch, docker="exit 0")
    assert isinstance(found._broker(), ContainerKafka)
    on_the_path(tmp_path / "old", monkeypatch, docker="exit 1")  # without the compose plugin
    assert not is_here()
    assert isinstance(found._broker(), LocalKafka)  # which says what to install


@pytest.mark.parametrize(("fresh", "down"), [(True, "down --volumes"), (False, "down")])
def test_it_clears_away_what_was_left_and_runs_the_one_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, down: str, *, fresh: bool
) -> None:
    said = tmp_path / "said"
    path = os.environ["PATH"]
    on_the_path(tmp_path / "bin", monkeypatch, docker=f'echo "$AGENDUM_SECRET $*" >>{said}; exit 3')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{path}")

    async def nobody(*_: object) -> bool:
        return False

    monkeypatch.setattr(container, "answers", nobody)
    with pytest.raises(RuntimeError, match="Docker ended"):
        ContainerKafka(tmp_path / "log", fresh=fresh).start()

    project = " ".join(command()[1:])
    assert said.read_text().splitlines() == [
        f"unused {project} {down}",
        f"unused {project} up --no-deps --no-log-prefix kafka",
    ]
