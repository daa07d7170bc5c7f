"""The client. Every call raises an error of the one tree: Rejected as the service said it, Unavailable when it did not
answer or said 503. Calls are made again within `patience`, a POST under the same Idempotency-Key.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

import aiohttp
import msgspec
import orjson

from eventstore.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Rejected, Unavailable
from handlers.client.objects import (
    Agenda,
    AgendaProgress,
    Created,
    Due,
    Insight,
    Object,
    Operation,
    OperationProgress,
    Problem,
    Work,
)
from handlers.client.patience import insist

T = TypeVar("T", bound=Object)

#: Without this header a service takes the caller for POP's puller, which may report only after minutes (design 4.2).
PROMPT = {"Agendum-Executor": "1"}
_REFUSALS: Mapping[int, type[Rejected]] = {422: Invalid, 403: Forbidden, 404: NotFound, 409: Conflict}

encode = msgspec.json.Encoder().encode


class Client:
    """Talks to one service. `url` is its base, with or without `/pop`; times are in seconds."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        *,
        draw: Callable[[], str],
        token: str = "agendum",  # noqa: S107  # any will do (spec 3.1)
        patience: float = 30.0,
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/pop")
        self._session = session
        self._draw = draw
        self._headers = {"Authorization": token, "Content-Type": "application/json"}
        self._patience = patience

    async def submit(self, agenda: Agenda | Mapping[str, Any], *, key: str | None = None) -> Agenda:
        """Submit an agenda; once, however often it is sent under the same key."""
        answer = await self._insist("POST", "agenda", agenda, {"Idempotency-Key": key or self._draw()})
        return _all(answer, Agenda)[0]

    async def agenda(self, identity: str) -> Agenda | None:
        """An agenda by its id."""
        return next(iter(_all(await self._insist("GET", f"agenda/{quote_plus(identity)}"), Agenda)), None)

    async def progress(self, identity: str) -> AgendaProgress | None:
        """A progress by its id, with its operations."""
        path = f"progress/agenda/{quote_plus(identity)}"
        return next(iter(_all(await self._insist("GET", path), AgendaProgress)), None)

    async def progresses(self, **by: str) -> list[AgendaProgress]:
        """Progresses whose attributes equal these: linkId, agendaId, customerId, …"""
        query = urlencode({f"by{name}": value for name, value in by.items()})
        return _all(await self._insist("GET", f"progress/agenda?{query}"), AgendaProgress)

    async def operation(self, identity: str) -> OperationProgress | None:
        """An operation's progress by its id."""
        path = f"progress/operation/{quote_plus(identity)}"
        return next(iter(_all(await self._insist("GET", path), OperationProgress)), None)

    async def save(self, collection: str, thing: Mapping[str, Any]) -> None:
        """POST to the catalogue: `customer`, `resourcepool` or `insight`; merges into what is there."""
        await self._insist("POST", collection, thing)

    async def cancel(self, agenda_id: str) -> None:
        """End an agenda, whether it waits or runs."""
        await self._insist("POST", "agenda/service/cancel", {"agendaId": agenda_id})

    async def rerun(
        self,
        agenda_id: str,
        *,
        operations: Sequence[str] | None = None,
        resets_all: bool = False,
        continues: bool = False,
        skips_execution: bool = False,
    ) -> None:
        """Begin an agenda again: all of it, or these operations and what depends on them (spec 8.1)."""
        flags = {"resetAll": resets_all, "continue": continues, "skipExecution": skips_execution}
        params = [name for name, said in flags.items() if said]
        params += [] if operations is None else [f"operationsToReset={','.join(operations)}"]
        key = {"Idempotency-Key": self._draw()}
        await self._insist("POST", "agenda/service/rerun", {"agendaId": agenda_id, "params": params}, key)

    async def run_template(self, template_id: str, payload: Any, *, key: str | None = None) -> Agenda:
        """Submit the agenda that a template makes of a payload (spec 5)."""
        body = {"agendaTemplateId": template_id, "payload": encode(payload).decode()}
        answer = await self._insist("POST", "agenda/service/run", body, {"Idempotency-Key": key or self._draw()})
        return _all(answer, Agenda)[0]

    async def create(self, agendas: Sequence[Agenda | Mapping[str, Any]], *, key: str | None = None) -> Created:
        """Submit several agendas, each as its own customer; one that is refused stops no other (spec 2.7.1)."""
        path, body = f"{self.url}/pop/resourcepool/service/createAgenda", {"agendas": agendas}
        headers = {"Idempotency-Key": key or self._draw()}
        answer = await insist(lambda: self._once("POST", path, body, headers), self._patience)
        return msgspec.convert(answer, Created)

    async def update_agenda(
        self, agenda_id: str, operations: Sequence[Operation], params: Mapping[str, Any] | None = None
    ) -> Agenda:
        """Add operations to an agenda under way, and lay params over its own (spec 8.4); the whole agenda."""
        body = {"agendaId": agenda_id, "operations": operations, "params": params}
        key = {"Idempotency-Key": self._draw()}
        answer = await self._insist("POST", "resourcepool/service/updateAgenda", body, key)
        return msgspec.convert(answer["agenda"], Agenda)

    async def pause(self, insight_id: str, why: str) -> None:
        """Hand out nothing of an Insight until it is resumed."""
        await self._insist("POST", "insight/service/pause", {"insightId": insight_id, "reason": why})

    async def resume(self, insight_id: str, why: str | None = None) -> None:
        """Hand out again."""
        await self._insist("POST", "insight/service/resume", {"insightId": insight_id, "reason": why})

    async def insight(self, identity: str) -> Insight | None:
        """An Insight by its id."""
        return next(iter(_all(await self._insist("GET", f"insight/{quote_plus(identity)}"), Insight)), None)

    async def timers(self, *, dry_run: bool = True) -> list[Due]:
        """What is due of each timed process; carried out, unless it is a dry run. For operators."""
        answer = await self._insist("POST", "timers/service/run", {"dryRun": dry_run})
        return msgspec.convert(answer["processes"], list[Due])

    async def pull(self, insight_id: str, count: int) -> Work:
        """Agendas to execute, by long poll; made once."""
        body = {"insightId": insight_id, "count": count}
        answer = await self.ask("POST", "resourcepool/service/getAgenda", body, PROMPT)
        return msgspec.convert(answer, Work)

    async def report(self, progress: AgendaProgress) -> None:
        """An executor's report; made once, because the next one says more. Repeats change nothing (design 4.8)."""
        await self.ask("POST", "resourcepool/service/updateAgendaProgress", {"agendaProgress": progress})

    async def hand_back(self, progress_id: str, started_time: int) -> None:
        """Give a run back that this executor cannot finish."""
        body = {"agendaProgressId": progress_id, "startedTime": started_time}
        await self._insist("POST", "resourcepool/service/handBackAgenda", body)

    async def health(self) -> dict[str, Any]:
        """What /readyz says."""
        found: dict[str, Any] = await self._once("GET", f"{self.url}/readyz", None, {})
        return found

    async def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """One request to `/pop/…`; the answer's JSON."""
        answer = await self._once(method, f"{self.url}/pop/{path}", body, headers or {})
        if isinstance(answer, dict) and (problem := answer.get("errorResponse")) is not None:
            raise _refusal(msgspec.convert(problem, Problem))
        return answer

    async def _insist(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        return await insist(lambda: self.ask(method, path, body, headers), self._patience)

    async def _once(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Any:
        data = None if body is None else encode(body)
        try:
            async with self._session.request(method, url, data=data, headers={**self._headers, **headers}) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as wrong:
            raise Unavailable(f"expected an answer of {self.url}, found {type(wrong).__name__}: {wrong}") from None
        if answer.status in (500, 502, 503, 504):
            raise Unavailable(f"{self.url} answered {answer.status}: {text[:300].decode(errors='replace')}")
        if answer.status == 401:
            raise Forbidden("expected a token that the service accepts, found 401: set AGENDUM_TOKEN")
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise BadRequest(
                f"expected JSON of {url}, found status {answer.status} and {text[:100]!r}: is that an Agendum?"
            ) from None


@asynccontextmanager
async def connect(url: str, *, draw: Callable[[], str], patience: float = 30.0, **more: Any) -> AsyncIterator[Client]:
    """A client with connections of its own."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=60, connect=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Client(url, session, draw=draw, patience=patience, **more)


def _all(answer: Any, kind: type[T]) -> list[T]:
    return msgspec.convert(answer.get("all", []), list[kind])  # type: ignore[valid-type]  # msgspec reads it


def _refusal(problem: Problem) -> Exception:
    if problem.response_code in (502, 503):
        return Unavailable(f"the service answered {problem.response_code}: {problem.description}")
    return _REFUSALS.get(problem.response_code, BadRequest)(problem.description)
