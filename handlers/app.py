"""The composition root: constructs a worker and returns it; with its stages in `assembly`, all that builds things."""

import aiohttp

from handlers.assembly.connected import connected_of
from handlers.assembly.deciding import deciding_of
from handlers.assembly.keeping import keeping_of
from handlers.assembly.listening import listening_of
from handlers.assembly.watching import watching_of
from handlers.process.settings import Settings
from handlers.worker import Worker


async def build(settings: Settings) -> Worker:
    """A worker that is connected and listens to others, and has not joined its group yet. Raises LogError, Unavailable.

    Each stage is made of those before it.
    """
    connected = await connected_of(settings)
    keeping = await keeping_of(settings, connected)
    watching = watching_of(connected, keeping)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60))
    deciding = deciding_of(settings, connected, keeping, watching, session)
    listening = listening_of(settings, connected, keeping, watching, deciding, session)
    return Worker(
        connections=connected.connections,
        group=keeping.group,
        holdings=keeping.holdings,
        tail=keeping.tail,
        catalogue_file=keeping.catalogue_file,
        timers=deciding.timers,
        keys=listening.keys,
        inbox=listening.inbox,
        schedulers=deciding.schedulers,
        router=deciding.router,
        path=deciding.path,
        health=watching.health,
        public=listening.public,
        internal=connected.internal,
        session=session,
    )
