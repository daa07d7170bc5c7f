"""Customers that submit, executors that pull and report over HTTP; some fail, some vanish; all of it on record."""

import asyncio
import random
from collections import Counter
from typing import Any, Self

import aiohttp

from tests.faults.known import Known

CUSTOMERS = 50
QUEUES = 3
#: Operations of the largest agendas.
MOST = 50
#: Agendas that were handed to nobody yet, at most: beyond it nobody submits, so that a storm ends soon after it.
BACKLOG = 150
HEADERS = {"Authorization": "load"}
GIVE_UP_SECONDS = 180.0


class Load:
    """What was asked and answered.

    | kept | what |
    |---|---|
    | accepted | key -> the agenda that was answered |
    | reported | (progress, operation, start of the executor) of each acknowledged completion |
    | ended | (progress, start, message) of each acknowledged end of a run |
    | handed | agenda id -> how often some puller was given it |
    | known | what every later read must show, and which did not |
    """

    def __init__(self, urls: list[str], seed: int, *, most: int = MOST, give_up: float = GIVE_UP_SECONDS) -> None:
        self.urls = urls
        self.chance = random.Random(seed)
        self.most = most
        self.give_up = give_up
        self.accepted: dict[str, dict[str, Any]] = {}
        self.reported: list[tuple[str, str, int]] = []
        self.ended: list[tuple[str, int, str]] = []
        self.handed: Counter[str] = Counter()
        self.known = Known()
        self.retries = 0
        self.gap = 0.0
        #: the longest that one request, sent again and again, waited for its answer since `begin_gap` (s)
        self.wait = 0.0
        self._last = 0.0
        self._start = 1000
        self._submitting = True
        self._executing = True
        self._session = aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any], Any]:
        """One answer that is an answer: everything else is asked for again, elsewhere."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + self.give_up
        while True:
            url = self.chance.choice(self.urls)
            before = self.known.positions() if method == "GET" else {}
            try:
                async with self._session.request(
                    method, url + path, json=body, headers=headers, timeout=aiohttp.ClientTimeout(25, sock_connect=1)
                ) as answer:
                    if answer.status < 500:
                        found = await answer.json()
                        self._heard(loop.time(), began)
                        self.known.place(f"{method} {path}", before, answer.headers)
                        return answer.status, found, answer.headers
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            self.retries += 1
            if loop.time() > deadline:
                raise TimeoutError(f"no answer to {method} {path} in {self.give_up:.0f} s")
            await asyncio.sleep(0.05)

    def _heard(self, now: float, asked: float) -> None:
        self.wait = max(self.wait, now - asked)
        if self._last:
            self.gap = max(self.gap, now - self._last)
        self._last = now

    def silence(self) -> float:
        """The longest time without any answer since `begin_gap`, the one that lasts included (s)."""
        return max(self.gap, asyncio.get_running_loop().time() - self._last)

    def begin_gap(self) -> None:
        """Measure the longest silence, and the longest wait, from here."""
        self.gap, self.wait, self._last = 0.0, 0.0, asyncio.get_running_loop().time()

    async def set_up(self) -> None:
        """A pool, its customers, and three Insights for all of them."""
        pool = {"id": "pool", "customerId": "ops", "title": "pool"}
        await self._post("resourcepool", pool)
        for number in range(QUEUES):
            insight: dict[str, Any] = {
                "id": f"i{number}",
                "customerId": "ops",
                "title": f"i{number}",
                "resourcePoolId": "pool",
            }
            insight |= {"queueName": f"q{number}", "isGlobal": True, "mappers": {"operationType": [f"t{number}"]}}
            await self._post("insight", insight)
        for number in range(CUSTOMERS):
            name = f"c{number}"
            await self._post("customer", {"id": name, "customerId": name, "title": name, "resourcePoolId": "pool"})

    async def _post(self, kind: str, body: dict[str, Any]) -> None:
        _, answer, _ = await self.ask("POST", f"/pop/{kind}", body)
        assert not answer["error"], answer

    def backlog(self) -> int:
        """Agendas for this load's own pullers that were handed to nobody yet."""
        return len(self.accepted) - len(self.handed)

    async def submit(self, pause: float) -> None:
        """Submit agendas with keys until told to end."""
        while self._submitting:
            if self.backlog() > BACKLOG:
                await asyncio.sleep(pause)
                continue
            key = f"k{self.chance.getrandbits(64):x}"
            count = self.chance.choice([1, 2, 3, self.chance.randint(1, self.most)])
            kind = f"t{self.chance.randrange(QUEUES)}"
            operations = [{"name": f"o{n}", "type": kind, "payload": {"n": n}} for n in range(count)]
            body = {"customerId": f"c{self.chance.randrange(CUSTOMERS)}", "linkId": key, "operations": operations}
            _, answer, _ = await self.ask("POST", "/pop/agenda", body, **{"Idempotency-Key": key})
            assert not answer["error"], answer
            self.accepted[key] = answer["all"][0]
            await asyncio.sleep(pause * self.chance.random() * 2)

    async def execute(self, queue: int) -> None:
        """Pull, report, complete, until told to end."""
        while self._executing:
            body = {"insightId": f"i{queue % QUEUES}", "count": self.chance.randint(1, 4)}
            _, answer, _ = await self.ask("POST", "/pop/resourcepool/service/getAgenda", body)
            for agenda in answer.get("agendas", []):
                self._start += 1
                self.handed[agenda["id"]] += 1
                fate = self.chance.random()
                if fate > 0.05:
                    await self._run(agenda, self._start, fails=fate > 0.95)

    async def _run(self, agenda: dict[str, Any], started: int, *, fails: bool) -> None:
        progress = agenda["progressId"]
        names = [operation["name"] for operation in agenda["operations"]]
        if fails:
            names = names[: len(names) // 2]
        number = 0
        while number < len(names):
            done = names[number : number + self.chance.randint(1, 8)]
            # Nobody else says the same: a later attempt that completes it again cannot pass for this one.
            said = {"processingState": "COMPLETE", "resultPayload": f'{{"start": {started}}}'}
            report = {"processingState": "EXECUTING", "percentComplete": 100.0 * number / len(names)}
            report["operationProgress"] = [{"operation": name, **said} for name in done]
            if not await self._report(progress, started, report):
                return
            self.reported.extend((progress, name, started) for name in done)
            self.known.tell(progress, done)
            number += len(done)
            if self.chance.random() < 0.2:
                await self._read(progress)
        message = "failed" if fails else "succeeded"
        end = {"processingState": "COMPLETE", "processingStateMessage": message, "percentComplete": 100.0}
        if await self._report(progress, started, end):
            self.ended.append((progress, started, message))

    async def _report(self, progress: str, started: int, report: dict[str, Any]) -> bool:
        body = {"agendaProgress": {"id": progress, "startedTime": started, **report}}
        _, answer, _ = await self.ask("POST", "/pop/resourcepool/service/updateAgendaProgress", body)
        if answer["error"]:
            assert "superseded" in answer["errorResponse"]["description"], answer
        return not answer["error"]

    async def look(self, pause: float) -> None:
        """Read what some answer has told of already, wherever, by id and in lists, until told to end."""
        while self._executing:
            if self.accepted:
                key = self.chance.choice([*self.accepted][-100:])
                await (self._list(key) if self.chance.random() < 0.3 else self._read(self.accepted[key]["progressId"]))
            await asyncio.sleep(pause)

    async def _list(self, key: str) -> None:
        _, answer, headers = await self.ask("GET", f"/pop/progress/agenda?bylinkId={key}")
        self.known.listed(self.accepted[key]["progressId"], answer, headers)

    async def _read(self, progress: str) -> None:
        before = self.known.complete(progress)
        _, answer, headers = await self.ask("GET", f"/pop/progress/agenda/{progress}")
        self.known.read(progress, before, answer, headers)

    def stop_submitting(self) -> None:
        self._submitting = False

    def stop_executing(self) -> None:
        self._executing = False
