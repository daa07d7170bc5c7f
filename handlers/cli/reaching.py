"""How a command reaches the service: whose word it brings, and how long it waits for one that is away."""

from contextlib import AbstractAsyncContextManager

from handlers.client.client import Client, connect
from handlers.clock import draw

#: A command waits so long for a service that is away (s); a watch that has begun waits longer.
PATIENCE_SECONDS = 5.0
TOKEN = "agendum"  # noqa: S105  # any will do (spec 3.1)


def reach(url: str, token: str, patience: float = PATIENCE_SECONDS) -> AbstractAsyncContextManager[Client]:
    """A client of the service at a URL."""
    return connect(url, draw=draw, token=token, patience=patience)
