"""The commands as people and programs meet them: exit codes, JSON alone, three lines of error, screens."""

import io
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pexpect
import pytest

from compose.ports import free_ports
from handlers.client.client import connect
from handlers.clock import draw
from tests.faults.processes import WorkerProcess
from tests.integration.installation import ExecutorProcess, agendum, gate, gates, sample, tenant

pytestmark = pytest.mark.kafka
ESCAPE = "\x1b["


class Place:
    """A tenant with an executor, and agendas as files."""

    def __init__(self, url: str, customer: str, folder: Path) -> None:
        self.url = url
        self.customer = customer
        self.folder = folder
        self.seen = io.StringIO()

    def file(self, *operations: dict[str, Any], **more: Any) -> str:
        path = self.folder / f"{os.urandom(3).hex()}.json"
        path.write_text(json.dumps({"customerId": self.customer, "operations": operations, **more}))
        return str(path)

    def terminal(
        self, *arguments: str, lines: int = 24, environment: Mapping[str, str] | None = None
    ) -> "pexpect.spawn[str]":
        """A command on a terminal of 80 columns; what it shows stands in `seen` too."""
        code = "from handlers.cli.main import main; main()"
        others = {"LINES", "COLUMNS", "NO_COLOR", "FORCE_COLOR"}  # pytest-xdist says its own
        mine = {name: value for name, value in os.environ.items() if name not in others}
        screen = pexpect.spawn(
            sys.executable,
            ["-c", code, *arguments],
            env={**mine, "AGENDUM_URL": self.url, "TERM": "xterm", **(environment or {})},
            encoding="utf8",
            codec_errors="replace",  # the terminal's echo of ^C may stand within a character
            dimensions=(lines, 80),
            timeout=180,
        )
        screen.logfile_read = self.seen = io.StringIO()
        return screen

    def running(self, link: str) -> str:
        """The id of the run with this linkId, once it is in the hands of an executor."""
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            found = agendum("progress", "--link", link, "-o", "json", url=self.url)
            runs = json.loads(found.stdout or "[]")
            if runs and runs[0]["processingState"] == "EXECUTING":
                return str(runs[0]["id"])
        raise AssertionError(f"expected a run of {link} to be executing")


@pytest.fixture
async def place(worker: WorkerProcess, tmp_path: Path) -> Any:
    customer = f"k{os.urandom(4).hex()}"
    async with connect(worker.url, draw=draw) as client:
        await tenant(client, customer)
    return Place(worker.url, customer, tmp_path)


@pytest.fixture
def executor(place: Place) -> Iterator[ExecutorProcess]:
    found = ExecutorProcess(place.url, place.customer, place.folder, "--grace", "0", *gates(place.folder)).start()
    yield found
    found.stop()


def three_lines(stderr: str) -> bool:
    return re.fullmatch(r"error: .+\nwhy:   .+\nnext:  .+\n", stderr) is not None


def test_what_succeeds_exits_with_0_and_what_fails_with_1(place: Place, executor: ExecutorProcess) -> None:
    good = agendum("submit", place.file(sample("a")), "--wait", url=place.url)
    bad = agendum("submit", place.file(sample("a", fail=True), params={"maximumAttempts": 1}), "--wait", url=place.url)

    assert (good.returncode, bad.returncode) == (0, 1)
    assert "succeeded" in good.stdout
    assert "why: Failed to complete operation: a" in bad.stderr


def test_json_output_is_json_alone(place: Place, executor: ExecutorProcess) -> None:
    done = agendum(
        "submit", place.file(sample("a"), linkId=f"l-{place.customer}"), "--watch", "-o", "json", url=place.url
    )
    run = json.loads(done.stdout)
    one = agendum("progress", run["id"], "-o", "json", url=place.url)
    many = agendum("progress", "--link", f"l-{place.customer}", "-o", "json", url=place.url)

    assert run["processingStateMessage"] == "succeeded"
    assert "succeeded" in done.stderr
    assert json.loads(one.stdout)["id"] == run["id"]
    assert [found["id"] for found in json.loads(many.stdout)] == [run["id"]]


def test_through_a_pipe_there_are_plain_columns(place: Place, executor: ExecutorProcess) -> None:
    done = agendum("submit", place.file(sample("a"), sample("b", "a")), "--watch", url=place.url)

    found = agendum("progress", done.stdout.split()[0], url=place.url)

    assert ESCAPE not in found.stdout + done.stdout + done.stderr
    lines = found.stdout.splitlines()
    assert lines[1].split() == ["operation", "state", "attempts", "started", "took", "ms"]
    assert [line.split()[:3] for line in lines[2:4]] == [["a", "succeeded", "1"], ["b", "succeeded", "1"]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"customerId": "x",\n "operations": [}', "line 2, column 17"),
        ('{"operations": "none"}', "$.operations"),
        ('{"operations": [{"type": "sample"}]}', "name"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_place(place: Place, text: str | bytes, says: str) -> None:
    path = place.folder / "bad.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    found = agendum("submit", str(path), url=place.url)

    assert found.returncode == 2
    assert three_lines(found.stderr), found.stderr
    assert says in found.stderr


@pytest.mark.parametrize(
    ("operations", "says"),
    [
        ([], "No operations specified in Agenda."),
        ([sample("a"), sample("A")], "Operation names must be unique."),
        ([{**sample("a"), "payload": "@<b.out>"}], "Invalid references found in operation [a] payload: b.out"),
        (
            [{**sample("a"), "payload": ["@<b.out>"]}, {**sample("b"), "payload": ["@<a.out>"]}],
            "There is a circular reference involving the operation: a",
        ),
        ([{"name": "a", "type": "unknown"}], "No available insights for processing agenda"),
    ],
)
def test_an_agenda_that_the_service_refuses_exits_with_4_or_3(place: Place, operations: Any, says: str) -> None:
    found = agendum("submit", place.file(*operations), url=place.url)

    assert found.returncode in (3, 4)
    assert three_lines(found.stderr), found.stderr
    assert says in found.stderr
    assert found.returncode == 4 or "next:  agendum list insight" in found.stderr


def test_ten_thousand_operations_are_refused_or_run_but_never_break_anything(place: Place) -> None:
    found = agendum("submit", place.file(*({"name": f"o{n}", "type": "sample"} for n in range(10_000))), url=place.url)

    assert found.returncode in (0, 4), found.stderr
    again = agendum("submit", place.file({"name": "a", "type": "sample"}), url=place.url)
    assert again.returncode == 0, again.stderr


def test_what_is_not_there_exits_with_3_and_a_service_that_is_away_with_5(place: Place) -> None:
    missing = agendum("watch", "nothing/with %2F and ä", url=place.url)
    away = agendum("progress", "x", url="http://127.0.0.1:9")

    assert (missing.returncode, away.returncode) == (3, 5)
    assert three_lines(missing.stderr), missing.stderr
    assert three_lines(away.stderr), away.stderr
    assert "agendum up" in away.stderr


def test_a_kafka_that_is_away_is_said_once_in_three_lines(tmp_path: Path) -> None:
    (tmp_path / "agenda.json").write_text("{}")
    away = agendum("publish", str(tmp_path / "agenda.json"), "--kafka", "127.0.0.1:9")

    assert away.returncode == 5
    assert three_lines(away.stderr), away.stderr
    assert "--kafka" in away.stderr


@pytest.mark.parametrize("command", [("work",), ("up", "--no-demo"), ("rejections", "list"), ("verify",)])
def test_wherever_kafka_is_needed_and_away_the_exit_is_5(tmp_path: Path, command: tuple[str, ...]) -> None:
    place = ("--data", str(tmp_path)) if command[0] in ("work", "up") else ()
    port = ("--port", str(free_ports(1)[0])) if command[0] in ("work", "up") else ()

    away = agendum(*command, *place, *port, "--kafka", "127.0.0.1:9")

    assert away.returncode == 5, away.stderr
    assert three_lines("\n".join(away.stderr.splitlines()[-3:]) + "\n"), away.stderr  # a worker logs before it
    assert "--kafka" in away.stderr


@pytest.mark.parametrize(
    "url", ["foo", "localhost:8080", "ftp://here", "http://", "http://here:99999", "http://here:x"]
)
def test_what_is_no_url_of_a_service_is_a_usage_error(url: str) -> None:
    said = agendum("progress", "x", "--url", url)
    meant = agendum("progress", "x", url=url)

    assert (said.returncode, meant.returncode) == (2, 2)
    assert "expected http://HOST:PORT" in " ".join(said.stderr.replace("│", " ").split())


def test_usage_exits_with_2(place: Place) -> None:
    assert agendum("progress", url=place.url).returncode == 2
    assert agendum("submit", url=place.url).returncode == 2
    assert agendum("nonsense").returncode == 2
    assert agendum("submit", "/nowhere.json", url=place.url).returncode == 2


def test_a_time_limit_exits_with_124_and_says_how_to_go_on(place: Place) -> None:
    found = agendum("submit", place.file(sample("a")), "--wait", "--timeout", "1", url=place.url)

    assert found.returncode == 124
    assert "next:  agendum watch" in found.stderr


@pytest.mark.parametrize("sees", ["--watch", "--wait"])
def test_ctrl_c_ends_a_watch_and_not_the_agenda_and_says_how_to_watch_it_again(
    place: Place, executor: ExecutorProcess, sees: str
) -> None:
    link = os.urandom(4).hex()
    screen = place.terminal("submit", place.file(sample("a", ms=60_000), linkId=link), sees)
    run = place.running(link)
    screen.sendcontrol("c")
    screen.expect(f"next:  agendum watch {run}")
    screen.expect(pexpect.EOF)
    screen.close()

    assert screen.exitstatus == 130
    left = json.loads(agendum("progress", run, "-o", "json", url=place.url).stdout)
    assert left["processingState"] == "EXECUTING" or left["processingStateMessage"] == "succeeded"
    assert agendum("cancel", run, url=place.url).returncode == 0


def test_on_a_terminal_a_watch_draws_in_place_and_ends_with_every_operation(
    place: Place, executor: ExecutorProcess
) -> None:
    go = place.folder / "go"
    screen = place.terminal("submit", place.file(gate("first", go), sample("second", "first")), "--watch")
    screen.expect("1 executing")
    go.touch()
    screen.expect("2 succeeded")
    screen.expect(pexpect.EOF)
    screen.close()

    assert screen.exitstatus == 0


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_that_wants_no_colours_gets_none(place: Place, more: dict[str, str], coloured: bool) -> None:
    screen = place.terminal("progress", "nothing", environment=more)
    screen.expect("agendum progress --link ID")
    screen.expect(pexpect.EOF)
    screen.close()

    assert screen.exitstatus == 3
    assert (f"{ESCAPE}31m" in place.seen.getvalue()) is coloured


def test_two_thousand_operations_fit_the_terminal(place: Place) -> None:
    lines = 20
    # Nobody pulls: all of them wait.
    operations = [{"name": f"operation-{number}", "type": "sample"} for number in range(2000)]
    screen = place.terminal("submit", place.file(*operations), "--watch", lines=lines)
    screen.expect("2000 queued")
    frame = (screen.before or "").rpartition("attempt 1 of 3")[2]  # the last one that was drawn
    screen.sendcontrol("c")
    screen.expect(pexpect.EOF)
    screen.close()

    assert 2 < frame.count("\r\n") < lines


def test_the_ids_in_a_list_of_runs_are_whole_however_narrow_the_terminal(
    place: Place, executor: ExecutorProcess
) -> None:
    link = os.urandom(4).hex()
    fails = {"actions": [{"action": "exception", "paramsMap": {"exceptionMessage": "boom"}}]}
    broken = {"name": "b", "type": "sample", "payload": fails, "params": {"dependsOn": "a"}}
    file = place.file(sample("a"), broken, sample("c", "b"), linkId=link, params={"maximumAttempts": 1})
    run = json.loads(agendum("submit", file, "--wait", "-o", "json", url=place.url).stdout)["id"]

    screen = place.terminal("progress", "--link", link)
    screen.expect(pexpect.EOF)

    assert run in place.seen.getvalue()


def test_a_cancelled_agenda_ends(place: Place, executor: ExecutorProcess) -> None:
    made = agendum("submit", place.file(sample("a", ms=60_000)), "-o", "json", url=place.url)
    agenda = json.loads(made.stdout)

    cancelled = agendum("cancel", agenda["id"], url=place.url)
    watched = agendum("watch", agenda["progressId"], url=place.url)

    again = agendum("cancel", agenda["id"], url=place.url)

    assert cancelled.returncode == 0
    assert "cancelled" in cancelled.stdout
    assert "nothing was cancelled" not in cancelled.stderr
    assert watched.returncode == 1
    assert (again.returncode, "nothing was cancelled" in again.stderr) == (0, True)


def test_what_has_ended_is_not_cancelled_and_that_is_said(place: Place, executor: ExecutorProcess) -> None:
    done = agendum("submit", place.file(sample("a")), "--wait", "-o", "json", url=place.url)
    run = json.loads(done.stdout)["id"]

    found = agendum("cancel", run, url=place.url)

    assert found.returncode == 0
    assert found.stdout.startswith("succeeded")
    assert "nothing was cancelled" in found.stderr


def test_an_insight_is_paused_with_a_reason_and_resumed(place: Place) -> None:
    paused = agendum("pause", place.customer, "--why", "the encoder is broken", url=place.url)
    shown = agendum("pause", place.customer, "--why", "the encoder is broken", "-o", "json", url=place.url)
    resumed = agendum("resume", place.customer, url=place.url)
    missing = agendum("pause", "nothing", "--why", "x", url=place.url)
    unsaid = agendum("pause", place.customer, url=place.url)

    assert paused.returncode == 0, paused.stderr
    assert paused.stdout == f"{place.customer}  paused by agendum: the encoder is broken\n"
    assert json.loads(shown.stdout)["paused"]["why"] == "the encoder is broken"
    assert resumed.stdout == f"{place.customer}  handing out\n"
    assert missing.returncode == 3
    assert three_lines(missing.stderr), missing.stderr
    assert "next:  agendum list insight" in missing.stderr
    assert unsaid.returncode == 2


def test_an_agenda_runs_without_any_service(tmp_path: Path) -> None:
    path = tmp_path / "local.json"
    path.write_text(json.dumps({"operations": [sample("a"), sample("b", "a", result={"x": "@<a.out::/of>"})]}))
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"operations": [sample("a", fail=True)]}))

    good = agendum("run", str(path), "-o", "json")
    failed = agendum("run", str(bad))

    assert good.returncode == 0, good.stderr
    rows = {row["operation"]: row for row in json.loads(good.stdout)["operationProgress"]}
    assert json.loads(rows["b"]["resultPayload"]) == {"x": "a"}
    assert failed.returncode == 1
    assert "why: Failed to complete operation: a" in failed.stderr


def test_a_workflow_of_others_is_converted_and_a_bad_one_named(tmp_path: Path) -> None:
    bad = tmp_path / "workflow.json"
    bad.write_text('{"name": "w", "schemaVersion": "0.9", "workflow": {}}')

    found = agendum("convert", "wfcommons", str(bad))

    assert found.returncode == 2
    assert "schemaVersion" in found.stderr
    assert three_lines(found.stderr), found.stderr
