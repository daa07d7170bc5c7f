"""A Docker Engine on a unix socket, as far as `docker` asks one: each container is a process of this machine.

It speaks the Engine API (v1.47): what is asked of it is kept in `asked`, containers in `containers`. An image is there,
can be pulled, or neither. Logs come in the multiplexed format, cut where a reader would not like it.
"""

import asyncio
import io
import itertools
import json
import os
import shutil
import signal
import struct
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

STDOUT, STDERR = 1, 2
#: Bytes of a piece of the log, a prime: no piece ends where a frame does.
_PIECE = 251


class Container:
    def __init__(self, name: str, config: dict[str, Any], folder: Path) -> None:
        self.name, self.config, self.root = name, config, folder
        self.process: asyncio.subprocess.Process | None = None
        self.frames: list[tuple[int, bytes]] = []
        self.changed = asyncio.Condition()
        self.status: int | None = None
        self.starved = False
        self._life: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        return self._life is not None and self.status is None

    async def start(self) -> None:
        # There is no other root folder here: what was put into the container's is where its arguments say.
        words = [self._place(word) for word in self.config["Cmd"]]
        environment = dict(pair.split("=", 1) for pair in self.config["Env"])
        self.process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self._life = asyncio.create_task(self._live(self.process))

    def signal(self, number: int) -> None:
        if self.runs and self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    async def ended(self) -> int:
        async with self.changed:
            await self.changed.wait_for(lambda: self.status is not None)
        return self.status or 0

    async def said(self, heard: int) -> tuple[list[tuple[int, bytes]], bool]:
        """What was said since so many frames, once there is some or no more to come; and whether that is all."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.frames) > heard or not self.runs)
            return self.frames[heard:], not self.runs

    def starve(self) -> None:
        self.starved = True
        self.signal(signal.SIGKILL)

    async def end(self) -> None:
        self.signal(signal.SIGKILL)
        if self._life is not None:
            await self._life

    def _place(self, word: str) -> str:
        return str(self.root / word[1:]) if word.startswith("/") and (self.root / word[1:]).is_file() else word

    async def _live(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        await asyncio.gather(self._hear(STDOUT, process.stdout), self._hear(STDERR, process.stderr))
        code = await process.wait()
        async with self.changed:
            self.status = code if code >= 0 else 128 - code
            self.changed.notify_all()

    async def _hear(self, which: int, stream: asyncio.StreamReader) -> None:
        while piece := await stream.read(4096):
            async with self.changed:
                self.frames.append((which, piece))
                self.changed.notify_all()


class FakeEngine:
    def __init__(self) -> None:
        # A socket's path is short.
        self.folder = Path(tempfile.mkdtemp(prefix="engine-"))
        self.url = f"unix://{self.folder / 's'}"
        self.images = {"handler:1"}
        self.remote: set[str] = set()
        self.containers: dict[str, Container] = {}
        self.asked: list[str] = []
        self.created: list[dict[str, Any]] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self._numbers = itertools.count()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "FakeEngine":
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()
        for container in self.containers.values():
            await container.end()
        shutil.rmtree(self.folder)

    async def listen(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[_note(self.asked)])
        app.add_routes(
            [
                web.get("/version", self._version),
                web.get("/v1.47/version", self._version),
                web.post("/v1.47/containers/create", self._create),
                web.post("/v1.47/images/create", self._pull),
                web.put("/v1.47/containers/{id}/archive", self._archive),
                web.post("/v1.47/containers/{id}/start", self._start),
                web.get("/v1.47/containers/{id}/logs", self._logs),
                web.get("/v1.47/containers/{id}/json", self._inspect),
                web.post("/v1.47/containers/{id}/wait", self._wait),
                web.post("/v1.47/containers/{id}/stop", self._stop),
                web.delete("/v1.47/containers/{id}", self._delete),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.UnixSite(self._runner, self.url.removeprefix("unix://")).start()

    async def leave(self) -> None:
        """Go away; containers live on, as they do without a real one."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"ApiVersion": "1.47", "Version": "27.3.1"})

    async def _create(self, request: web.Request) -> web.Response:
        config, name = await request.json(), request.query["name"]
        image = config["Image"]
        if (image if ":" in image.split("/")[-1] else f"{image}:latest") not in self.images:
            return _error(404, f"No such image: {config['Image']}")
        if name in self.containers:
            return _error(409, f"Conflict. The container name /{name} is already in use")
        self.created.append(config)
        folder = self.folder / f"root-{next(self._numbers)}"
        folder.mkdir()
        self.containers[name] = Container(name, config, folder)
        return web.json_response({"Id": name, "Warnings": []}, status=201)

    async def _pull(self, request: web.Request) -> web.StreamResponse:
        image = request.query["fromImage"]
        if "tag" in request.query:
            image += ":" + request.query["tag"]
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"status":"Pulling"}\r\n')
        await self.hold.wait()
        if image in self.remote:
            self.images.add(image)
        else:
            await response.write(b'{"errorDetail":{"message":"pull access denied"},"error":"pull access denied"}\r\n')
        return response

    async def _archive(self, request: web.Request) -> web.Response:
        container = self._find(request)
        with tarfile.open(fileobj=io.BytesIO(await request.read())) as archive:
            archive.extractall(container.root / request.query["path"].lstrip("/"), filter="data")
        return web.Response()

    async def _start(self, request: web.Request) -> web.Response:
        container = self._find(request)
        try:
            await container.start()
        except FileNotFoundError as missing:
            return _error(400, f'exec: "{missing.filename}": executable file not found in $PATH')
        return web.Response(status=204)

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        container = self._find(request)
        wanted = {number for number, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if request.query.get(name) == "1"}
        kind = "application/vnd.docker.multiplexed-stream"
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        sent = 0
        while True:
            fresh, over = await container.said(sent)
            sent += len(fresh)
            frames = [struct.pack(">BxxxL", which, len(text)) + text for which, text in fresh if which in wanted]
            told = b"".join(frames)
            for at in range(0, len(told), _PIECE):
                await response.write(told[at : at + _PIECE])
            if over:
                return response

    async def _inspect(self, request: web.Request) -> web.Response:
        container = self._find(request)
        state = {"Running": container.runs, "OOMKilled": container.starved, "ExitCode": container.status or 0}
        return web.json_response({"Id": container.name, "Config": {"Tty": False}, "State": state})

    async def _wait(self, request: web.Request) -> web.StreamResponse:
        container = self._find(request)
        # As the real one does: the answer begins at once, and says the rest when there is something to say.
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"StatusCode":%d}\n' % await container.ended())
        return response

    async def _stop(self, request: web.Request) -> web.Response:
        container = self._find(request)
        if not container.runs:
            return web.Response(status=304)
        container.signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(float(request.query.get("t", "10"))):
                await container.ended()
        await container.end()
        return web.Response(status=204)

    async def _delete(self, request: web.Request) -> web.Response:
        container = self._find(request)
        if container.runs and request.query.get("force") != "1":
            return _error(409, "You cannot remove a running container")
        await container.end()
        self.containers.pop(container.name, None)
        return web.Response(status=204)

    def _find(self, request: web.Request) -> Container:
        name = request.match_info["id"]
        if name not in self.containers:
            raise _Missing(name)
        return self.containers[name]


class _Missing(Exception):
    """There is no container of this name."""


def _error(status: int, message: str) -> web.Response:
    # The kind exactly as the real one says it, without a charset.
    return web.Response(
        status=status, body=json.dumps({"message": message}).encode(), headers={"Content-Type": "application/json"}
    )


def _note(asked: list[str]) -> Any:
    @web.middleware
    async def note(request: web.Request, handler: Any) -> Any:
        asked.append(f"{request.method} {request.path.split('/')[-1]}")
        try:
            return await handler(request)
        except _Missing as missing:
            return _error(404, f"No such container: {missing}")

    return note
