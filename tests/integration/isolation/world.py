"""A worker with tokens, and two customers with the same objects: Ann has what Bob must not find."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from tests.faults.processes import WorkerProcess
from tests.issuer import AUDIENCE, NAME, Key, key_set
from tests.wire import SECONDS, STALE, TRIES, not_begun, ready

SECRET = "a secret of the workers alone"
#: What only Ann's objects say.
MARK = "annsown"
ANN, BOB = f"account/{MARK}", "account/bob"
Found = tuple[int, dict[str, str], str]


class Person:
    """One who asks with a token; every answer is kept."""

    def __init__(self, url: str, token: str, kept: list[str]) -> None:
        self._url = url
        self.token = token
        self._kept = kept

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Found:
        """Status, headers that say anything, and text; asked again where Kafka was too slow to tell what is current."""
        for _ in range(TRIES):
            found = await self._asked(method, path, body, headers)
            if STALE not in found[1] and not not_begun(found[0], found[2]):
                break
            await asyncio.sleep(0.2)
        return found

    async def _asked(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Found:
        given = {"Authorization": f"Bearer {self.token}", "X-pop-cid": "cid"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        async with aiohttp.ClientSession() as session:  # noqa: SIM117  # one line each
            async with session.request(method, self._url + path, data=data, headers=given) as answer:
                text = await answer.text()
                said = {name: value for name, value in answer.headers.items() if name not in ("Date", "Content-Length")}
                self._kept.append(f"{answer.status} {dict(answer.headers)} {text}")
                return answer.status, said, text

    async def json(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """The body of an answer."""
        found: dict[str, Any] = json.loads((await self.ask(method, path, body, **headers))[2])
        return found

    async def made(self, path: str, body: Any) -> dict[str, Any]:
        """An object that was accepted."""
        answer = await self.json("POST", path, body)
        assert not answer["error"], answer
        found: dict[str, Any] = answer["all"][0]
        return found


class World:
    """One worker, its issuer's key, and who is there."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.prefix = f"isolation{os.urandom(4).hex()}"
        self.key = Key("now", "EdDSA")
        self.keys = folder / "keys.json"
        self.keys.write_bytes(key_set(self.key.public()))
        self.worker = WorkerProcess(
            "T",
            bootstrap,
            self.prefix,
            folder,
            auth="jwt",
            jwt_issuer=NAME,
            jwt_audience=AUDIENCE,
            jwt_keys=self.keys,
            jwt_pause=0.1,
            secret=SECRET,
            inbox_customers=BOB,
            log_level="DEBUG",
            patience_ms=600_000,
            reclaim_ms=3_000_000,
            poll=0.2,
        )
        #: everything that was answered to anyone
        self.answers: list[str] = []
        self.tokens: list[str] = []
        self.root = self.person("root", isSuperUser=True)
        self.ann = self.person("ann", accounts=[ANN])
        self.bob = self.person("bob", accounts=BOB)
        self.anns: dict[str, dict[str, Any]] = {}
        self.bobs: dict[str, dict[str, Any]] = {}

    def person(self, name: str, **claims: Any) -> Person:
        """Someone with a good token for a day."""
        return self.with_token(self.key.token(sub=name, exp=(1 << 33), **claims))

    def with_token(self, token: str) -> Person:
        """Someone with this token."""
        self.tokens.append(token)
        return Person(self.worker.url, token, self.answers)

    def start(self) -> None:
        """Let the worker serve, and both customers have their objects."""
        self.worker.start()
        asyncio.run(ready(self.worker))
        asyncio.run(self._settle())

    async def _settle(self) -> None:
        self.anns = await objects_of(self.ann, ANN, MARK)
        self.bobs = await objects_of(self.bob, BOB, "bobs")
        guest = {"customerId": ANN, "title": "t", "resourcePoolId": self.bobs["pop/resourcepool"]["id"]}
        await self.root.made("/pop/insight", {"id": f"guest-{MARK}", **guest})


async def objects_of(person: Person, customer: str, mark: str) -> dict[str, dict[str, Any]]:
    """One object of each kind, by collection; the run is being executed."""
    base = {"customerId": customer, "title": f"title {mark}", "cid": f"cid {mark}"}
    pool = await person.made("/pop/resourcepool", {"id": f"pool-{mark}", **base})
    insight = {"resourcePoolId": f"pool-{mark}", "queueName": "shared", "mappers": {"operationType": ["t"]}}
    found = {
        "pop/resourcepool": pool,
        "pop/customer": await person.made(
            "/pop/customer", {**base, "id": customer, "resourcePoolId": f"pool-{mark}", "billingCode": f"code {mark}"}
        ),
        "pop/insight": await person.made("/pop/insight", {**base, "id": f"insight-{mark}", **insight}),
    }
    template = {"agenda": {**base, "operations": [{"name": "x", "type": "t"}]}, "staticParameters": {"a": mark}}
    found["pop/agendatemplate"] = await person.made("/pop/agendatemplate", {"id": f"of-{mark}", **base, **template})
    more = {"linkId": "a link of both", "jobId": f"job {mark}", "params": {"externalId": "an id of both"}}
    operations = [{"name": "x", "type": "t", "payload": {"secret": mark}}, {"name": "y", "type": "t"}]
    first = await person.made("/pop/agenda", {**base, **more, "operations": operations})
    wish = {"insightId": f"insight-{mark}", "count": 1}
    async with asyncio.timeout(SECONDS):
        while not (taken := (await person.json("POST", "/pop/resourcepool/service/getAgenda", wish))["agendas"]):
            pass
    assert [each["id"] for each in taken] == [first["id"]]
    done = {"operation": "x", "processingState": "COMPLETE", "resultPayload": f'{{"result":"{mark}"}}'}
    report = {"id": first["progressId"], "startedTime": 7, "processingState": "EXECUTING", "operationProgress": [done]}
    answer = await person.json("POST", "/pop/resourcepool/service/updateAgendaProgress", {"agendaProgress": report})
    assert not answer["error"], answer
    await person.made("/pop/agenda", {**base, **more, "operations": operations})  # one that waits
    found["pop/agenda"] = first
    progress = (await person.json("GET", f"/pop/progress/agenda/{first['progressId']}"))["all"][0]
    found["pop/progress/agenda"] = progress
    found["pop/progress/operation"] = next(row for row in progress["operationProgress"] if row["operation"] == "x")
    return found


def in_path(identity: str) -> str:
    """An id as a part of a path."""
    return quote(identity, safe="")
