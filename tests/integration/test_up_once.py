"""`agendum up --once` ends with its agenda, and as that did."""

import json
from pathlib import Path

import pytest

from compose.ports import free_ports
from tests.conftest import Broker
from tests.integration.installation import agendum
from tests.integration.up import Up

pytestmark = pytest.mark.kafka


def test_it_ends_with_status_1_if_its_agenda_was_cancelled(
    kafka: Broker, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENDUM_PREFIX", prefix)
    up = Up(tmp_path / "data", free_ports(1)[0], "--once", "--kafka", kafka.bootstrap)
    executor = up.child("execute")
    executor.suspend()  # so that the agenda is there for as long as it takes to cancel it
    while (found := agendum("progress", "--link", "demo-media", "-o", "json", url=up.url)).returncode:
        assert up.screen.isalive()
    [run] = json.loads(found.stdout)
    assert agendum("cancel", run["id"], url=up.url).returncode == 0
    executor.resume()
    up.shows("cancelled")

    assert up.end() == 1
    assert up.left() == []
