"""What `agendum doctor` looks at. Every probe ends within SECONDS, and says what it found instead of raising."""

import asyncio
import os
import shutil
from collections.abc import Collection
from pathlib import Path

import aiohttp
import msgspec

from compose.kafka import java
from compose.kafka.jars import cache
from eventstore.cluster import Cluster
from eventstore.errors import Unavailable
from eventstore.kafka.survey import survey
from handlers.cli.checks import Disk, Site, Tools

#: With what closing takes, an answer that does not come costs less than 5 s.
SECONDS = 4.0


class _Health(msgspec.Struct):
    status: str


class _Readiness(msgspec.Struct):
    ready: bool
    reasons: list[str] = []
    owned: list[int] = []


async def tools() -> Tools:
    """What is installed."""
    said, docker = await asyncio.gather(
        _said(java.java(), "-version"),
        _said("docker", "version", "--format", "{{.Server.Version}}"),
    )
    return Tools(
        java=java.version(said or ""),
        docker=(docker or "").strip() or None,
        maven=shutil.which("mvn") is not None,
        jars=(cache() / "libs").is_dir(),
    )


def disk(data: Path) -> Disk:
    """The place of the data directory: it, or what it would be made in."""
    place = data.absolute()
    while not place.exists():
        place = place.parent
    return Disk(str(place), shutil.disk_usage(place).free, place.is_dir() and os.access(place, os.W_OK | os.X_OK))


async def kafka(bootstrap: str, names: Collection[str]) -> Cluster | str:
    """The cluster, or why there is none."""
    try:
        return await survey(bootstrap, names, SECONDS)
    except Unavailable as wrong:
        return str(wrong)


async def site(url: str) -> Site:
    """Who answers at a URL."""
    address = url.rstrip("/").removesuffix("/pop")
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            health = await _get(session, f"{address}/healthz")
            alive = msgspec.json.decode(health, type=_Health).status == "alive"
        except aiohttp.ClientConnectorError:
            return Site(address, listens=False)
        except aiohttp.InvalidURL:
            return Site(address, listens=True, seen="this is not a URL")
        except msgspec.DecodeError:
            return Site(address, listens=True, seen="its /healthz is not ours")
        except (aiohttp.ClientError, TimeoutError, OSError) as wrong:
            return Site(address, listens=True, seen=f"it does not answer as HTTP does ({type(wrong).__name__})")
        return await _readiness(session, address) if alive else Site(address, listens=True, seen="it is not alive")


async def _readiness(session: aiohttp.ClientSession, address: str) -> Site:
    try:
        found = msgspec.json.decode(await _get(session, f"{address}/readyz"), type=_Readiness)
    except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as wrong:
        return Site(address, listens=True, agendum=True, seen=f"/readyz gave no answer ({type(wrong).__name__})")
    return Site(address, listens=True, agendum=True, ready=found.ready, reasons=found.reasons, owned=found.owned)


async def _get(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as answer:
        return await answer.read()


async def _said(*command: str) -> str | None:
    """What a command says, on either stream; None if it is not there, fails, or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return said.decode(errors="replace") if process.returncode == 0 else None
