"""The client. Every call raises an error of the one tree: Rejected as the service said it, Unavailable when it did not
answer or said 503. Calls are made again within `patience`, a POST under the same Idempotency-Key.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from handlers.client.collection import Collection
from handlers.client.objects import (
    Agenda,
    AgendaProgress,
    AgendaTemplate,
    Created,
    Customer,
    Due,
    Insight,
    Operation,
    OperationProgress,
    ResourcePool,
    Summary,
    Work,
)
from handlers.client.patience import insist
from handlers.client.transport import Transport, encode

#: Without this header a service takes the caller for POP's puller, which may report only after minutes (design 4.2).
PROMPT = {"Agendum-Executor": "1"}


class Client(Transport):
    """Talks to one service: a collection per kind of object, a method per service call."""

    @property
    def customers(self) -> Collection[Customer]:
        """Tenants."""
        return Collection(self, "customer", Customer)

    @property
    def resource_pools(self) -> Collection[ResourcePool]:
        """Where work is done."""
        return Collection(self, "resourcepool", ResourcePool)

    @property
    def insights(self) -> Collection[Insight]:
        """Queues on pools."""
        return Collection(self, "insight", Insight)

    @property
    def templates(self) -> Collection[AgendaTemplate]:
        """Parameterised agendas."""
        return Collection(self, "agendatemplate", AgendaTemplate)

    @property
    def agendas(self) -> Collection[Agenda]:
        """Workflows; to save one is to submit it."""
        return Collection(self, "agenda", Agenda)

    @property
    def agenda_progresses(self) -> Collection[AgendaProgress]:
        """Runs of agendas, with their operations."""
        return Collection(self, "progress/agenda", AgendaProgress)

    @property
    def operation_progresses(self) -> Collection[OperationProgress]:
        """Operations of runs."""
        return Collection(self, "progress/operation", OperationProgress)

    def objects(self, path: str) -> Collection[dict[str, Any]]:
        """The collection at a path such as `insight`, its objects as JSON with all that the service says."""
        return Collection(self, path, dict)

    async def submit(self, agenda: Agenda | Mapping[str, Any], *, key: str | None = None) -> Agenda:
        """Submit an agenda; once, however often it is sent under the same key."""
        return await self.agendas.save(agenda, key=key)

    async def agenda(self, identity: str) -> Agenda | None:
        """An agenda by its id."""
        return await self.agendas.get(identity)

    async def progress(self, identity: str) -> AgendaProgress | None:
        """A progress by its id, with its operations."""
        return await self.agenda_progresses.get(identity)

    async def progresses(self, **by: str) -> list[AgendaProgress]:
        """The first hundred progresses whose attributes equal these: linkId, agendaId, customerId, …"""
        return (await self.agenda_progresses.page(by)).all

    async def operation(self, identity: str) -> OperationProgress | None:
        """An operation's progress by its id."""
        return await self.operation_progresses.get(identity)

    async def insight(self, identity: str) -> Insight | None:
        """An Insight by its id."""
        return await self.insights.get(identity)

    async def save(self, collection: str, thing: Mapping[str, Any]) -> None:
        """POST to the catalogue: `customer`, `resourcepool` or `insight`; merges into what is there."""
        await self.objects(collection).save(thing)

    async def summary(self, link_id: str) -> Summary:
        """How far everything under one linkId is, together (spec 2.7.2)."""
        answer = await self.insist("POST", "progress/agenda/service", {"linkId": link_id})
        return msgspec.convert(answer, Summary)

    async def cancel(self, agenda_id: str) -> None:
        """End an agenda, whether it waits or runs."""
        await self.insist("POST", "agenda/service/cancel", {"agendaId": agenda_id})

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
        await self.post("agenda/service/rerun", {"agendaId": agenda_id, "params": params})

    async def run_template(self, template_id: str, payload: Any, *, key: str | None = None) -> Agenda:
        """Submit the agenda that a template makes of a payload (spec 5)."""
        body = {"agendaTemplateId": template_id, "payload": encode(payload).decode()}
        answer = await self.post("agenda/service/run", body, key)
        return msgspec.convert(answer["agendas"][0], Agenda)

    async def create(self, agendas: Sequence[Agenda | Mapping[str, Any]], *, key: str | None = None) -> Created:
        """Submit several agendas, each as its own customer; one that is refused stops no other (spec 2.7.1)."""
        path, body = f"{self.url}/pop/resourcepool/service/createAgenda", {"agendas": agendas}
        headers = {"Idempotency-Key": key or self.draw()}
        answer = await insist(lambda: self.once("POST", path, body, headers), self.patience)
        return msgspec.convert(answer, Created)

    async def update_agenda(
        self, agenda_id: str, operations: Sequence[Operation], params: Mapping[str, Any] | None = None
    ) -> Agenda:
        """Add operations to an agenda under way, and lay params over its own (spec 8.4); the whole agenda."""
        body = {"agendaId": agenda_id, "operations": operations, "params": params}
        answer = await self.post("resourcepool/service/updateAgenda", body)
        return msgspec.convert(answer["agenda"], Agenda)

    async def pause(self, insight_id: str, why: str) -> None:
        """Hand out nothing of an Insight until it is resumed."""
        await self.insist("POST", "insight/service/pause", {"insightId": insight_id, "reason": why})

    async def resume(self, insight_id: str, why: str | None = None) -> None:
        """Hand out again."""
        await self.insist("POST", "insight/service/resume", {"insightId": insight_id, "reason": why})

    async def timers(self, *, dry_run: bool = True) -> list[Due]:
        """What is due of each timed process; carried out, unless it is a dry run. For operators."""
        answer = await self.insist("POST", "timers/service/run", {"dryRun": dry_run})
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
        await self.insist("POST", "resourcepool/service/handBackAgenda", body)

    async def health(self) -> dict[str, Any]:
        """What /readyz says."""
        found: dict[str, Any] = await self.once("GET", f"{self.url}/readyz", None, {})
        return found


@asynccontextmanager
async def connect(url: str, *, draw: Callable[[], str], patience: float = 30.0, **more: Any) -> AsyncIterator[Client]:
    """A client with connections of its own."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=60, connect=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Client(url, session, draw=draw, patience=patience, **more)
