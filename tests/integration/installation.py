"""A service with a catalogue of its own and executors as processes, for tests that execute agendas for real."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handlers.client.client import Client
from handlers.client.objects import Agenda, AgendaProgress
from tests import nursery

COMMAND = nursery.COMMAND
TYPES = ["sample", "logMessages", "command", "http"]
#: How long something is waited for that comes at once where there is nothing else to do.
SECONDS = 120.0


def agendum(*arguments: str, url: str = "", given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end, through pipes."""
    return nursery.run(arguments, {**os.environ, "AGENDUM_URL": url, "NO_COLOR": "1"}, given, SECONDS)


class ExecutorProcess:
    """One `agendum execute`."""

    def __init__(
        self, url: str, insight: str, folder: Path, *more: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._environment = {**os.environ, **(environment or {})}
        self._begin = nursery.start if nursery.interpreter(environment or {}) == {} else nursery.fresh
        self.log = folder / f"executor-{os.urandom(3).hex()}.log"
        self._arguments = ["execute", "--insight", insight, "--url", url, *more]
        self._process: nursery.Process | subprocess.Popen[bytes] | None = None

    def start(self) -> "ExecutorProcess":
        with self.log.open("ab") as log:
            self._process = self._begin(self._arguments, self._environment, log)
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def says(self, text: str, times: int = 1, seconds: float = SECONDS) -> None:
        """Wait until its log holds a text so many times."""
        async with asyncio.timeout(seconds):
            while self.log.read_text().count(text) < times:  # noqa: ASYNC110  # a file tells nobody
                await asyncio.sleep(0.05)

    def signal(self, number: int) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.join()

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.join()

    def join(self, seconds: float = SECONDS) -> int:
        assert self._process is not None
        return self._process.wait(seconds)


async def tenant(client: Client, name: str) -> None:
    """A customer, its pool, and one Insight for our operation types, all called `name`."""
    base = {"id": name, "customerId": name, "title": name}
    await client.save("resourcepool", base)
    await client.save("customer", {**base, "resourcePoolId": name})
    insight = {**base, "resourcePoolId": name, "queueName": name, "mappers": {"operationType": TYPES}}
    await client.save("insight", insight)


def sample(name: str, *needs: str, ms: int = 0, fail: bool = False, result: Any = None) -> dict[str, Any]:
    """An operation that sleeps, and then logs or fails."""
    action = {"action": "exception" if fail else "log", "paramsMap": {"sleepMilliseconds": ms, "logMessage": name}}
    params = {"dependsOn": ",".join(needs)} if needs else {}
    payload = {"actions": [action], "resultPayload": {"of": name} if result is None else result}
    return {"name": name, "type": "sample", "params": params, "payload": payload}


#: Ends when the file that its payload names is there.
_GATE = """
import json, os, sys, time
until = json.load(sys.stdin)["until"]
while not os.path.exists(until): time.sleep(0.02)
"""


def gates(folder: Path) -> tuple[str, str]:
    """Options of an executor whose operations of type `gate` end when the test says so, however slow the machine."""
    registry = folder / "gates.json"
    registry.write_text(json.dumps({"gate": {"argv": [sys.executable, "-S", "-c", _GATE]}}))
    return "--registry", str(registry)


def gate(name: str, opened: Path, *needs: str) -> dict[str, Any]:
    """An operation that ends as soon as a file is there; its agenda needs one of another type to be bound."""
    return {**sample(name, *needs), "type": "gate", "payload": {"until": str(opened)}}


async def submit(client: Client, customer: str, *operations: dict[str, Any], **more: Any) -> Agenda:
    """Submit an agenda of a customer."""
    return await client.submit({"customerId": customer, "operations": [*operations], **more})


async def until(client: Client, identity: str, what: Any, seconds: float = SECONDS) -> AgendaProgress:
    """The progress as soon as `what` is true of it."""
    end = time.monotonic() + seconds
    while True:
        progress = await client.progress(identity)
        if progress is not None and what(progress):
            return progress
        assert time.monotonic() < end, f"it did not come about: {progress}"
        await asyncio.sleep(0.05)


def is_over(progress: AgendaProgress) -> bool:
    """It has come to its end for good."""
    return progress.is_complete and not progress.may_run_again
