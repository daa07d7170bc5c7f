"""Progress of agendas and operations, posted by themselves."""

from typing import Any

from tests.wire import Client

PATH = "/pop/progress/agenda"


async def posted(client: Client, identity: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"id": identity, "customerId": client.tenant, **more}
    _, answer, _ = await client.ask("POST", PATH, body)
    assert not answer["error"], answer
    found: dict[str, Any] = answer["all"][0]
    return found


async def posted_operation(client: Client, path: str = "/pop/progress/operation", **body: Any) -> dict[str, Any]:
    _, answer, _ = await client.ask("POST", path, {"customerId": client.tenant, **body})
    assert not answer["error"], answer
    found: dict[str, Any] = answer["all"][0]
    return found


async def got(client: Client, identity: str, path: str = "/pop/progress/operation") -> list[dict[str, Any]]:
    _, answer, _ = await client.ask("GET", f"{path}/{identity}")
    found: list[dict[str, Any]] = answer["all"]
    return found
