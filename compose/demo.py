"""`python -m compose.demo`: the small catalogue and the example, put into a service that runs (AGENDUM_URL)."""

import asyncio
import os
import sys

from eventstore.errors import AgendumError
from handlers.cli.demo import EXAMPLE, put_catalogue
from handlers.cli.documents import agenda_of
from handlers.client.client import connect
from handlers.clock import draw

#: Submitted once, however often this runs.
KEY = "agendum-demo"
PATIENCE_SECONDS = 120.0


async def demonstrate(url: str) -> str:
    """Save the catalogue and submit the example; the id of its progress. Raises AgendumError."""
    async with connect(url, draw=draw, patience=PATIENCE_SECONDS) as client:
        await put_catalogue(client)
        _, document = agenda_of(EXAMPLE)
        return (await client.submit(document, key=KEY)).progress_id or ""


def main() -> int:
    """Say what was done, or what was in the way."""
    try:
        print(asyncio.run(demonstrate(os.environ.get("AGENDUM_URL", "http://127.0.0.1:8080"))))
    except AgendumError as wrong:
        print(f"the example was not submitted: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
