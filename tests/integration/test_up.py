"""`agendum up` on a terminal: one command from nothing to a run that is watched, and nothing left behind."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pexpect
import pytest

from compose.ports import free_ports
from tests.conftest import Broker
from tests.integration.installation import COMMAND, agendum, sample
from tests.integration.up import SECONDS, Up

pytestmark = pytest.mark.kafka
STEPS = ("first", "second")


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def up(tmp_path: Path, port: int) -> Iterator[Up]:
    found = Up(tmp_path / "data", port)
    yield found
    found.screen.close(force=True)


def test_it_runs_the_example_serves_and_leaves_nothing_behind_and_the_next_start_finds_its_data(
    up: Up, port: int, tmp_path: Path
) -> None:
    up.shows("Agendum serves http://127.0.0.1")
    up.shows("media.json --watch")
    up.shows("export AGENDUM_KAFKA=127.0.0.1:")
    up.shows(f" AGENDUM_URL={up.url}")
    up.shows("Ctrl-C stops everything")
    first = json.loads(agendum("progress", "--link", "demo-media", "-o", "json", url=up.url).stdout)
    assert [run["processingStateMessage"] for run in first] == ["succeeded"]

    same_place = agendum("up", "--data", str(up.data), "--port", str(free_ports(1)[0]))
    same_port = agendum("up", "--data", str(tmp_path / "other"), "--port", str(port))

    assert (same_place.returncode, same_port.returncode) == (4, 4)
    assert f"process {up.screen.pid} ({up.url}) runs on {up.data}" in same_place.stderr
    assert f"port {port} is taken" in same_port.stderr
    assert up.interrupt() == 0
    assert up.left() == []

    again = Up(up.data, port, "--once")
    again.shows("  succeeded")
    assert again.end() == 0
    assert "try next" not in again.screen.before
    assert again.left() == []

    third = Up(up.data, port, "--no-demo")
    third.shows("Ctrl-C stops everything")
    runs = json.loads(agendum("progress", "--link", "demo-media", "-o", "json", url=third.url).stdout)
    assert {run["id"] for run in first} < {run["id"] for run in runs}
    os.kill(third.screen.pid, signal.SIGTERM)
    assert third.end() == 0
    assert third.left() == []

    fresh = Up(up.data, port, "--no-demo", "--fresh")
    fresh.shows("Ctrl-C stops everything")
    assert agendum("progress", "--link", "demo-media", url=fresh.url).returncode == 3
    assert fresh.interrupt() == 0


def test_ctrl_c_in_the_middle_of_a_start_leaves_nothing_behind_and_the_next_start_goes_on(
    tmp_path: Path, port: int
) -> None:
    moments = {"starting Kafka": "kafka.Kafka", "starting the workers": "work", "submitted the example": "execute"}
    for moment, process in moments.items():
        up = Up(tmp_path / "data", port)
        up.shows(moment)
        up.child(process)

        assert up.interrupt() == 0, moment
        assert up.left() == [], moment

    again = Up(tmp_path / "data", port, "--once")
    again.shows("  succeeded")
    assert again.end() == 0
    assert again.left() == []


def test_what_to_install_is_said_where_there_is_no_java_and_nothing_is_left_behind(tmp_path: Path) -> None:
    nothing = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {"PATH": str(tmp_path)}
    command = [*COMMAND, "up", "--data", str(tmp_path / "data"), "--port", str(free_ports(1)[0])]

    ended = subprocess.run(command, env=nothing, capture_output=True, text=True, timeout=SECONDS, check=False)

    what, why, then = [line for line in ended.stderr.splitlines() if "starting" not in line]
    assert ended.returncode == 5
    assert "Kafka did not start" in what
    assert "expected Java 17 or newer (java), found none: install it, or Docker" in why
    assert "agendum up --kafka HOST:PORT" in then
    left = [path.name for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert left == ["lock"], "an empty one"
    assert (tmp_path / "data" / "lock").read_text() == ""


class Gate(ThreadingHTTPServer):
    """Answers each request when the test says so: an operation that asks it lasts for as long as the test wants."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Held)
        self.asked = {name: threading.Event() for name in STEPS}
        self.opened = {name: threading.Event() for name in STEPS}

    def step(self, name: str, *needs: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.server_port}/{name}"
        return {**sample(name, *needs), "type": "http", "payload": {"url": url, "timeoutSeconds": 600}}


class Held(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        gate, name = cast("Gate", self.server), self.path.strip("/")
        gate.asked[name].set()
        gate.opened[name].wait(SECONDS)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """What it is asked is nobody's concern."""


@pytest.fixture
def gate() -> Iterator[Gate]:
    with Gate() as found:
        serving = threading.Thread(target=found.serve_forever)
        serving.start()
        yield found
        found.shutdown()
        serving.join()


def test_broker_worker_and_executor_may_be_killed_while_a_run_is_watched(up: Up, gate: Gate, tmp_path: Path) -> None:
    up.shows("Ctrl-C stops everything")
    file = tmp_path / "agenda.json"
    steps = [gate.step(STEPS[0]), gate.step(STEPS[1], STEPS[0]), sample("last", STEPS[1])]
    file.write_text(json.dumps({"customerId": "demo", "operations": steps}))
    environment = {**os.environ, "AGENDUM_URL": up.url, "TERM": "dumb"}
    code = "from handlers.cli.main import main; main()"
    watching = pexpect.spawn(
        sys.executable, ["-c", code, "submit", str(file), "--watch"], env=environment, encoding="utf8", timeout=SECONDS
    )
    watching.logfile_read = seen = io.StringIO()
    watching.expect("1 executing")
    for step, victim in zip(STEPS, ("kafka.Kafka", "work"), strict=True):
        assert gate.asked[step].wait(SECONDS)
        up.child(victim).kill()
        gate.opened[step].set()
        watching.expect(r"\d succeeded")
    watching.expect(pexpect.EOF)
    watching.close()

    assert "3 succeeded" in seen.getvalue()
    assert watching.exitstatus == 0
    up.child("execute").kill()
    up.shows("executor had ended, and was started again")
    assert agendum("submit", str(file), "--wait", url=up.url).returncode == 0


def test_with_a_kafka_that_is_there_two_workers_share_it_and_it_outlives_them(
    kafka: Broker, prefix: str, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENDUM_PREFIX", prefix)
    up = Up(tmp_path / "data", port, "--no-demo", "--workers", "2", "--kafka", kafka.bootstrap)
    up.shows(f"export AGENDUM_KAFKA={kafka.bootstrap}")
    up.child("work", 2)
    words = [word for _, words in up._children() for word in words]

    assert up.interrupt() == 0

    assert (words.count("work"), words.count("kafka.Kafka")) == (2, 0)
    assert up.left() == []
    while (
        "does not answer within"
        in (  # 4 s, which a machine under load may need
            found := agendum("doctor", "--kafka", kafka.bootstrap, "--prefix", prefix, url=up.url)
        ).stdout
    ):
        pass
    assert found.returncode == 0, found.stdout


def test_a_kill_of_the_command_leaves_no_process(up: Up) -> None:
    up.shows("Ctrl-C stops everything")

    os.kill(up.screen.pid, signal.SIGKILL)

    assert up.processes
    assert up.left() == []
