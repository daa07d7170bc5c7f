"""Data objects from the command line: each command works, is refused, finds nothing (3), and speaks JSON alone."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from handlers.cli.kinds import Kind
from handlers.client.client import connect
from handlers.clock import draw
from tests.faults.processes import WorkerProcess
from tests.integration.installation import COMMAND, ExecutorProcess, agendum, is_over, sample, tenant, until
from tests.integration.test_commands import ESCAPE, Place, three_lines

pytestmark = pytest.mark.kafka
Done = subprocess.CompletedProcess[str]


class Objects(Place):
    """A tenant of its own, and its objects as files."""

    def run(self, *arguments: str, **more: Any) -> Done:
        return agendum(*arguments, url=self.url, **more)

    def written(self, content: Any) -> str:
        path = self.folder / f"{os.urandom(3).hex()}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def object(self, kind: str, name: str = "", **more: Any) -> dict[str, Any]:
        return {"kind": kind, "id": f"{self.customer}{name}", "customerId": self.customer, "title": f"t{name}", **more}

    def template(self) -> dict[str, Any]:
        operation = {**sample("a"), "payload": {"resultPayload": {"size": "@<pop.payload::/size>"}}}
        agenda = {"customerId": "@<who>", "linkId": "@<pop.payload::/link>", "operations": [operation]}
        return self.object("agendatemplate", "-t", agenda=agenda, staticParameters={"who": self.customer})

    def each_kind(self) -> list[dict[str, Any]]:
        """One of each kind that a file can make."""
        return [
            self.object("resourcepool", "-p"),
            self.object("customer", "", resourcePoolId=f"{self.customer}-p", billingCode="b"),
            self.object("insight", "-i", resourcePoolId=f"{self.customer}-p", queueName="q", mappers={"x": ["y"]}),
            self.template(),
            self.object("progress", "-r", params={"a": {"b": None}}, operationProgress=[{"operation": "o"}]),
            self.object("operation", "-o", operation="o", resultPayload='{"x": 1}', startedTime="2026-01-01T00:00:00Z"),
        ]


@pytest.fixture
async def here(worker: WorkerProcess, tmp_path: Path) -> Objects:
    customer = f"o{os.urandom(4).hex()}"
    async with connect(worker.url, draw=draw) as client:
        await tenant(client, customer)
    return Objects(worker.url, customer, tmp_path)


@pytest.fixture
def executor(here: Objects) -> Iterator[ExecutorProcess]:
    found = ExecutorProcess(here.url, here.customer, here.folder, "--grace", "0").start()
    yield found
    found.stop()


def words(done: Done) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [line.split()[0] for line in done.stdout.splitlines()]


def refused(done: Done, code: int, *says: str) -> None:
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert three_lines(done.stderr), done.stderr
    assert all(text in done.stderr for text in says), done.stderr


def test_apply_creates_then_leaves_alone_then_changes_what_differs(here: Objects) -> None:
    wanted = here.each_kind()
    wanted[1]["id"] = f"{here.customer}-c"
    path = here.written(wanted)

    assert words(here.run("apply", "-f", path)) == ["created"] * 6
    assert words(here.run("apply", "-f", path)) == ["unchanged"] * 6

    wanted[1]["billingCode"] = "c"
    wanted[2] |= {"queueName": "r", "mappers": {"x": ["y", "z"]}}
    done = here.run("apply", "-f", here.written(wanted), "-o", "json")
    assert done.stderr == ""
    changed = [(each["outcome"], each.get("fields", [])) for each in json.loads(done.stdout)]
    assert [outcome for outcome, _ in changed].count("unchanged") == 4
    assert changed[1:3] == [("changed", ["billingCode"]), ("changed", ["queueName", "mappers"])]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(here: Objects) -> None:
    path = here.written(here.each_kind()[:3])
    dry = here.run("apply", "--dry-run", "-f", path)

    assert dry.returncode == 0
    assert re.sub(r" +", " ", dry.stdout).splitlines() == [
        f"would create resourcepool {here.customer}-p",
        f"would change customer {here.customer} (title, billingCode, resourcePoolId)",
        f"would create insight {here.customer}-i",
    ]
    assert here.run("get", "insight", f"{here.customer}-i").returncode == 3
    assert all(each["dryRun"] for each in json.loads(here.run("apply", "--dry-run", "-f", path, "-o", "json").stdout))


def test_what_get_prints_is_what_apply_takes(here: Objects) -> None:
    assert here.run("apply", "-f", here.written(here.each_kind())).returncode == 0
    for each in here.each_kind():
        done = here.run("get", each["kind"], each["id"], "-o", "json")
        assert (done.returncode, done.stderr) == (0, "")
        assert (
            json.loads(done.stdout).items() >= {"kind": each["kind"], "id": each["id"], "title": each["title"]}.items()
        )
        again = here.run("apply", "-f", "-", given=done.stdout)
        assert words(again) == ["unchanged"], again.stdout
    listed = here.run("list", "insight", "--where", f"customerId={here.customer}", "--all", "-o", "json")
    assert words(here.run("apply", "-f", "-", given=listed.stdout)) == ["unchanged"] * 2


def test_an_agenda_is_changed_and_not_made(here: Objects) -> None:
    made = json.loads(here.run("submit", here.file(sample("a"), sample("b", "a")), "-o", "json").stdout)
    wanted = {**made, "kind": "agenda", "title": "new"}

    changed = here.run("apply", "-f", here.written(wanted))
    assert changed.stdout.split() == ["changed", "agenda", made["id"], "(title)"], changed.stderr
    assert words(here.run("apply", "-f", here.written(wanted))) == ["unchanged"]
    refused(here.run("apply", "-f", here.written({**wanted, "id": "none"})), 4, "agendum submit FILE --key none")


def test_several_files_are_applied_in_their_order(here: Objects) -> None:
    pool, customer = (here.written(each) for each in here.each_kind()[:2])
    done = here.run("apply", "-f", pool, customer)
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["created", "resourcepool"],
        ["changed", "customer"],
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"kind": "insight",\n "id": }', "line 2, column 8"),
        ("7", "$: expected an object"),
        ([{"id": "x"}], "$[0]: expected a kind of customer, resourcepool"),
        ({"kind": "customer"}, "$: expected an id"),
        ({"kind": "customer", "id": "x", "tilte": "t"}, "no field 'tilte', but title"),
        ({"kind": "insight", "id": "x", "mappers": {"a": 1}}, "$.mappers"),
        ([{"kind": "progress", "id": "x", "startedTime": "noon"}], "$[0]: expected startedTime"),
    ],
)
def test_a_file_that_holds_no_object_is_refused_with_its_place(here: Objects, content: Any, says: str) -> None:
    good = here.written(here.object("resourcepool", "-never"))
    done = here.run("apply", "-f", good, here.written(content))
    refused(done, 2, says, "nothing was sent" if "line" not in says else "")
    assert done.stdout == ""


def test_what_the_service_refuses_stops_the_rest_and_says_what_was_done(here: Objects) -> None:
    wanted = [
        here.object("resourcepool", "-p"),
        {"kind": "customer", "id": "x-none", "title": "t"},
        here.object("insight"),
    ]
    path = here.written(wanted)
    refused(here.run("apply", "-f", path), 4, "customer x-none was not applied", "customerId")
    done = here.run("apply", "-f", path, "-o", "json")
    assert [each["outcome"] for each in json.loads(done.stdout)] == ["unchanged"]


@pytest.mark.parametrize("kind", [*Kind])
def test_what_is_not_there_is_neither_shown_nor_deleted(here: Objects, kind: str) -> None:
    identity = "service" if kind == Kind.PROGRESS else "none/with %2F and ä"
    refused(here.run("get", kind, identity), 3, f"there is no {kind} {identity}", f"agendum list {kind}")
    done = here.run("delete", kind, "none", "-o", "json")
    refused(done, 3)
    assert done.stdout == ""


def test_what_is_deleted_is_gone(here: Objects) -> None:
    made = json.loads(here.run("submit", here.file(sample("a")), "-o", "json").stdout)
    assert here.run("apply", "-f", here.written(here.each_kind())).returncode == 0
    for each in [*here.each_kind()[2:], {"kind": "agenda", "id": made["id"]}]:
        done = here.run("delete", each["kind"], each["id"], "-o", "json")
        assert json.loads(done.stdout)["id"] == each["id"]
        assert here.run("get", each["kind"], each["id"]).returncode == 3, each


def test_a_list_has_plain_columns_pages_and_filters(here: Objects) -> None:
    many = [here.object("insight", f"-{n}", resourcePoolId=here.customer, queueName="q") for n in range(5)]
    assert here.run("apply", "-f", here.written(many)).returncode == 0
    mine = ("--where", f"customerId={here.customer}", "--where", "queueName=q")

    plain = here.run("list", "insight", *mine)
    assert ESCAPE not in plain.stdout + plain.stderr
    assert plain.stdout.splitlines()[0].split() == ["id", "customer", "title", "pool", "queue", "algorithm"]
    assert [line.split()[0] for line in plain.stdout.splitlines()[1:]] == [each["id"] for each in many]

    first = here.run("list", "insight", *mine, "--limit", "3", "-o", "json")
    cursor = json.loads(first.stdout)["next"]
    rest = json.loads(here.run("list", "insight", *mine, "--limit", "3", "--page", cursor, "-o", "json").stdout)
    assert [each["id"] for each in [*json.loads(first.stdout)["all"], *rest["all"]]] == [each["id"] for each in many]
    assert (first.stderr, "next" in rest) == ("", False)
    assert f"--page {cursor}" in here.run("list", "insight", *mine, "--limit", "3").stderr
    assert len(json.loads(here.run("list", "insight", *mine, "--limit", "2", "--all", "-o", "json").stdout)["all"]) == 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--where", "title"], "found 'title'"),
        (["--where", "limit=3"], "no attribute is called so"),
        (["--all", "--page", "x"], "found both"),
    ],
)
def test_a_list_that_cannot_be_asked_for_is_refused(here: Objects, arguments: list[str], says: str) -> None:
    refused(here.run("list", "agenda", *arguments), 2, says)


def test_a_cursor_that_is_none_is_refused_and_an_empty_list_is_none(here: Objects) -> None:
    refused(here.run("list", "agenda", "--page", "nonsense"), 4, "expected cursor")
    empty = here.run("list", "agenda", "--where", "customerId=none", "-o", "json")
    assert json.loads(empty.stdout) == {"all": []}
    assert here.run("list", "nothing").returncode == 2
    refused(agendum("list", "agenda", url="http://127.0.0.1:9"), 5, "agendum up")


async def test_elsewhere_a_followed_list_says_each_change(here: Objects) -> None:
    path = here.written(here.object("insight", "-w", resourcePoolId=here.customer, queueName="q"))
    arguments = ["list", "insight", "--where", f"customerId={here.customer}", "-w", "-o", "json"]
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "AGENDUM_URL": here.url},
    )
    assert process.stdout is not None

    async def next_change() -> dict[str, Any]:
        assert process.stdout is not None
        found: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), 120))
        return found

    assert (await next_change())["change"] == "there"
    await asyncio.to_thread(here.run, "apply", "-f", path)
    added = await next_change()
    assert (added["change"], added["object"]["kind"], added["object"]["queueName"]) == ("added", "insight", "q")
    changed = here.object("insight", "-w", queueName="r")
    await asyncio.to_thread(here.run, "apply", "-f", here.written(changed))
    assert (await next_change())["fields"] == ["queueName"]
    await asyncio.to_thread(here.run, "delete", "insight", f"{here.customer}-w")
    assert (await next_change())["change"] == "gone"
    process.send_signal(signal.SIGINT)
    _, stderr = await process.communicate()
    assert (process.returncode, stderr) == (130, b"interrupted\n")


def test_on_a_terminal_a_followed_list_is_redrawn_and_ids_stand_whole(here: Objects) -> None:
    screen = here.terminal("list", "agenda", "--where", f"customerId={here.customer}", "-w", lines=12)
    screen.expect("0 in all")
    made = json.loads(here.run("submit", here.file(sample("a"), linkId="l" * 60), "-o", "json").stdout)
    screen.expect("1 in all")
    frame = screen.before or ""
    screen.sendcontrol("c")
    screen.expect("interrupted")
    screen.expect(pexpect.EOF)
    screen.close()

    assert screen.exitstatus == 130
    assert made["id"] in frame
    lines = re.split(r"\r\n|\r|\x1b\[1A", frame)
    assert all(len(re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", line)) <= 80 for line in lines)


def test_a_template_runs_with_parameters_and_a_payload(here: Objects, executor: ExecutorProcess) -> None:
    template = here.template()
    assert here.run("apply", "-f", here.written(template)).returncode == 0
    payload = here.written({"size": 1, "link": "l"})

    done = here.run("run-template", template["id"], "--payload", payload, "-p", "size=[7]", "--wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert (run["linkId"], json.loads(run["operationProgress"][0]["resultPayload"])) == ("l", {"size": [7]})

    watched = here.run("run-template", template["id"], "-p", "size=a text", "-p", "link=l", "--watch")
    assert "succeeded" in watched.stdout
    assert ESCAPE not in watched.stdout + watched.stderr
    made = json.loads(here.run("run-template", template["id"], "-p", "size=1", "-p", "link=l", "-o", "json").stdout)
    assert made["customerId"] == here.customer


def test_a_template_run_is_refused_or_not_there(here: Objects) -> None:
    template = {**here.template(), "agenda": {"customerId": here.customer, "operations": []}}
    assert here.run("apply", "-f", here.written(template)).returncode == 0

    refused(here.run("run-template", template["id"]), 4, "No operations specified")
    refused(here.run("run-template", "none"), 3, "AgendaTemplate none not found", "agendum list agendatemplate")
    refused(here.run("run-template", template["id"], "-p", "nothing"), 2, "-p name=value")
    refused(
        here.run("run-template", template["id"], "--payload", here.written([1]), "-p", "a=1"), 2, "expected an object"
    )


async def test_an_agenda_runs_again_whole_or_in_part(here: Objects, executor: ExecutorProcess) -> None:
    done = await asyncio.to_thread(here.run, "submit", here.file(sample("a"), sample("b", "a")), "--wait", "-o", "json")
    run = json.loads(done.stdout)

    async def attempts(*arguments: str) -> list[int]:
        again = await asyncio.to_thread(here.run, "rerun", run["agendaId"], *arguments)
        assert again.returncode == 0, again.stderr
        assert again.stdout.startswith(run["id"])
        async with connect(here.url, draw=draw) as client:
            over = await until(client, run["id"], lambda found: is_over(found) or "--skip-execution" in arguments)
        return [row.attempt_count or 0 for row in over.operation_progress or []]

    assert await attempts("--reset", "b") == [1, 2]
    assert await attempts("--reset-all") == [2, 3]
    assert await attempts("--continue") == [2, 3]
    assert await attempts("--skip-execution") == [2, 3]
    progress = await asyncio.to_thread(here.run, "rerun", run["id"], "--skip-execution", "-o", "json")
    states = [row["processingState"] for row in json.loads(progress.stdout)["operationProgress"]]
    assert states == ["WAITING", "WAITING"]


def test_a_rerun_is_refused_or_not_there(here: Objects) -> None:
    made = json.loads(here.run("submit", here.file(sample("a")), "-o", "json").stdout)

    refused(here.run("rerun", made["id"], "--reset", "z"), 4, "invalid operation names: z")
    refused(here.run("rerun", made["id"], "--reset", "a", "--continue"), 2, "more than one")
    refused(here.run("rerun", "none"), 3, "there is no run none")
