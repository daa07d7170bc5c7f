"""A Docker Engine, by its API: one container from its making to its removal."""

import asyncio
import io
import logging
import math
import tarfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiodocker import Docker, DockerError
from aiodocker.containers import DockerContainer as Container

from handlers.executor.operations.task import OperationFailed

logger = logging.getLogger(__name__)

#: What an engine that is away, refuses, or goes away in the middle raises here.
ENGINE_ERRORS = (DockerError, aiohttp.ClientError, OSError)
#: Until the engine has the image and the container; as long as POP's executor waits for a pod (spec 10.5).
PREPARE_SECONDS = 300.0
#: How long the last words of a container may take once it ended.
DRAIN_SECONDS = 30.0
#: How long an engine that is there may take to kill a container.
ANSWER_SECONDS = 10.0
#: Between tries to remove a container (s): a minute in all. What is left then is left to the warden.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


@asynccontextmanager
async def reach(url: str) -> AsyncIterator[Docker]:
    """A client of the engine at unix:///…, tcp://…; nothing is sent yet."""
    answers: list[aiohttp.ClientResponse] = []

    async def keep(_: object, __: object, ended: aiohttp.TraceRequestEndParams) -> None:
        answers.append(ended.response)

    # The library lets go of an answer that is not read to its end without closing it: of a log, when we are cancelled.
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(keep)
    trace.freeze()
    async with Docker(url, timeout=aiohttp.ClientTimeout(total=None, sock_connect=10.0)) as engine:
        engine.session.trace_configs.append(trace)
        try:
            yield engine
        finally:
            for answer in answers:
                answer.close()


@asynccontextmanager
async def prepared(
    engine: Docker, name: str, config: Mapping[str, Any], gone: Callable[[], None]
) -> AsyncIterator[Container]:
    """A container that was not started yet, and does not outlive this; `gone` is called when it surely does not.

    Raises ENGINE_ERRORS; OperationFailed when it takes too long.
    """
    try:
        await _make(engine, name, config)
    except BaseException as wrong:
        if _was_asked(wrong):
            await _clear(engine, name, gone)
        else:
            gone()
        raise
    try:
        yield engine.containers.container(name)
    finally:
        await _clear(engine, name, gone)


async def put(container: Container, files: Mapping[str, bytes]) -> None:
    """Put files into the root folder of a container; everybody may read them."""
    if not files:
        return
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o444
            archive.addfile(entry, io.BytesIO(text))
    packed.seek(0)
    await container.put_archive("/", packed)  # type: ignore[no-untyped-call]  # theirs to mend


async def hear(container: Container, out: Callable[[bytes], None], err: Callable[[bytes], None]) -> None:
    """Hear all that a container says, until it ends."""
    both = _hear(container, out, stdout=True), _hear(container, err, stderr=True)
    tasks = [asyncio.create_task(one) for one in both]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def stop(container: Container, grace: float) -> None:
    """Ask a container to end, and kill it after so many seconds; nothing if it has ended."""
    with suppress(*ENGINE_ERRORS):  # it is removed in any case
        async with asyncio.timeout(grace + ANSWER_SECONDS):
            await container.stop(t=math.ceil(grace))


async def remove(engine: Docker, name: str) -> bool:
    """Kill and remove a container with its own volumes; whether it is gone. Raises nothing."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await engine.containers.container(name).delete(force=True, v=True)
    except DockerError as wrong:
        return wrong.status == 404
    except ENGINE_ERRORS:
        return False
    return True


async def _clear(engine: Docker, name: str, gone: Callable[[], None]) -> None:
    # While an engine is away its containers may live on: an operation is not over until its own is known to be gone.
    for pause in PAUSES:
        if await remove(engine, name):
            gone()
            return
        await asyncio.sleep(pause)
    logger.error("a container could not be removed", extra={"action": "docker", "container": name})


def _was_asked(wrong: BaseException) -> bool:
    """The engine may have made a container: it was reached."""
    return not (isinstance(wrong, DockerError) and isinstance(wrong.__context__, aiohttp.ClientConnectorError))


async def _make(engine: Docker, name: str, config: Mapping[str, Any]) -> None:
    try:
        async with asyncio.timeout(PREPARE_SECONDS):
            await _create(engine, name, config)
    except TimeoutError:
        image = config["Image"]
        raise OperationFailed(f"expected a container of {image} within {PREPARE_SECONDS:g} s, found none") from None


async def _create(engine: Docker, name: str, config: Mapping[str, Any]) -> None:
    try:
        await engine.containers.create(dict(config), name=name)
    except DockerError as wrong:
        if wrong.status != 404:  # it does not have the image
            raise
        async for _ in engine.images.pull(config["Image"], stream=True):
            pass  # it raises what went wrong
        await engine.containers.create(dict(config), name=name)


async def _hear(container: Container, heard: Callable[[bytes], None], **which: bool) -> None:
    async for text in container.log(follow=True, **which):
        heard(text.encode())


__all__ = ["DRAIN_SECONDS", "ENGINE_ERRORS", "Container", "hear", "prepared", "put", "reach", "remove", "stop"]
