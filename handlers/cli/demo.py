"""The small catalogue and the example that `agendum up` begins with."""

from pathlib import Path
from typing import Any

from handlers.cli.documents import agenda_of
from handlers.client.client import Client
from handlers.client.objects import Agenda

NAME = "demo"
EXAMPLE = Path(__file__).parents[2] / "compose" / "examples" / "media.json"
TYPES = ["sample", "logMessages", "command", "http"]
_BASE = {"id": NAME, "customerId": NAME, "title": "Demo"}
CATALOGUE: dict[str, dict[str, Any]] = {
    "resourcepool": _BASE,
    "customer": {**_BASE, "resourcePoolId": NAME},
    "insight": {**_BASE, "resourcePoolId": NAME, "queueName": NAME, "mappers": {"operationType": TYPES}},
}


async def put_catalogue(client: Client) -> None:
    """A customer, its pool, and an Insight for our own operation types; merges into what is there."""
    for collection, thing in CATALOGUE.items():
        await client.save(collection, thing)


async def submit_example(client: Client) -> Agenda:
    """Submit the bundled media agenda."""
    _, document = agenda_of(EXAMPLE)
    return await client.submit(document)
