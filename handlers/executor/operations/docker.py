"""`docker`: POP's launch type, a container of a POP handler program for each operation (spec 10.1).

It is told and says what `local`'s is told and says. A program in a container is the operator's choice as well: an
agenda names neither images nor arguments. Nothing of the executor's own environment gets into a container.
"""

import asyncio
from functools import partial
from typing import Any

from handlers.clock import draw
from handlers.executor.operations.command import GRACE_SECONDS
from handlers.executor.operations.contract import Contract, contract, without_files
from handlers.executor.operations.ending import End, details, refuse, wait
from handlers.executor.operations.engine import (
    DRAIN_SECONDS,
    ENGINE_ERRORS,
    Container,
    hear,
    prepared,
    put,
    reach,
    stop,
)
from handlers.executor.operations.handler_log import HandlerLog
from handlers.executor.operations.lines import Tail
from handlers.executor.operations.program import Image
from handlers.executor.operations.task import OperationFailed, OperationHandler, Task
from handlers.executor.operations.warden import Warden

#: Killed, as a shell says it; by its engine, if it took more memory than it may.
_KILLED = 128 + 9


def docker(image: Image, warden: Warden, *, grace: float = GRACE_SECONDS) -> OperationHandler:
    """A handler that runs a POP handler program in a container of the warden's engine, and removes the container."""

    async def run(task: Task) -> Any:
        told = contract(task, {}, image.environment)
        if image.argv is None:
            without_files(told, image.image)
        try:
            return await _carry_out(image, told, task, warden, grace)
        except ENGINE_ERRORS as wrong:
            raise OperationFailed(f"expected the engine to run a container of {image.image}, found {wrong}") from None

    return run


async def _carry_out(image: Image, told: Contract, task: Task, warden: Warden, grace: float) -> Any:
    out, err = _Ear(task), Tail()
    config = configuration(image, told, {"agendum.operation": f"{task.progress_id}-{task.name}"})
    name = f"agendum-{draw()}"
    gone = partial(warden.forget, name)
    warden.watch(name)
    async with reach(warden.url) as engine, prepared(engine, name, config, gone) as container:
        if image.argv is not None:
            await put(container, told.files)
        await container.start()
        found = await _ended(container, image, out, err, grace)
        starved = found == _KILLED and (await container.show())["State"].get("OOMKilled", False)
    out.end()
    err.end()
    try:
        _refuse(image, found, starved=starved)
        return out.verdict(image.image)
    except OperationFailed as failure:
        failure.details = details(found, out, err)
        raise


def _refuse(image: Image, status: int | None, *, starved: bool) -> None:
    if starved:
        raise OperationFailed(f"expected {image.image} to do with {image.memory_mib} MiB, found it took more")
    refuse(image.image, status, image.timeout_seconds)


class _Ear(HandlerLog):
    def __init__(self, task: Task) -> None:
        self.complete = asyncio.Event()
        super().__init__(task.advance, self.complete.set)


async def _ended(container: Container, image: Image, out: _Ear, err: Tail, grace: float) -> int | None:
    status = 0

    async def over() -> None:
        nonlocal status
        status = (await container.wait())["StatusCode"]

    hearing = asyncio.create_task(hear(container, out.feed, err.feed))
    try:
        end = await wait(over(), out.complete, seconds=image.timeout_seconds, linger=grace)
        if end is not End.ITSELF:
            await stop(container, grace)
        heard, _ = await asyncio.wait([hearing], timeout=DRAIN_SECONDS)
        for one in heard:
            one.result()  # the engine may have gone away; what it was heard by may have raised
    except asyncio.CancelledError:
        await stop(container, grace)
        raise
    finally:
        hearing.cancel()
        await asyncio.wait([hearing])
    return None if end is End.LATE else status


def configuration(image: Image, told: Contract, labels: dict[str, str]) -> dict[str, Any]:
    """What the engine is asked for."""
    command = {} if image.argv is None else {"Cmd": [*image.argv, *told.arguments("/")]}
    host = {
        # A first process that hands signals on and reaps: a handler is not written to be one.
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "SecurityOpt": ["no-new-privileges"],
        # What the engine keeps of a log that never ends; it is read while it is written.
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "32m", "max-file": "3"}},
        "Binds": image.binds,
    }
    if image.memory_mib is not None:
        host |= {"Memory": image.memory_mib << 20, "MemorySwap": image.memory_mib << 20}
    if image.cpus is not None:
        host["NanoCpus"] = int(image.cpus * 1_000_000_000)
    if image.network is not None:
        host["NetworkMode"] = image.network
    return {
        "Image": image.image,
        **command,
        "Env": [f"{name.decode()}={value.decode(errors='replace')}" for name, value in told.environment.items()],
        "Labels": labels,
        "Tty": False,
        **({} if image.directory is None else {"WorkingDir": image.directory}),
        **({} if image.user is None else {"User": image.user}),
        "HostConfig": host,
    }
