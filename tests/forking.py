"""The process that others are forked from: it has loaded libraries, and does nothing but fork (see tests.nursery)."""

import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module

from compose.processes import dying_with_us

#: One that is missing here is loaded by each process that needs it: that is slower, and nothing else.
LIBRARIES = (
    *("aiodocker", "aiohttp.web", "aiokafka.admin", "faust.transport.drivers.aiokafka", "jsonpointer", "jwt"),
    *("msgspec", "orjson", "prometheus_client.core", "pydantic_settings", "rich.live", "rich.progress_bar"),
    *("rich.table", "rich.traceback", "rocksdict", "sortedcontainers", "structlog", "tenacity", "typer.main"),
    *("uvloop", "yarl"),
)


def serve() -> None:
    """Fork a process per request until nobody can ask any more; returns in each of them, and nowhere else."""
    for name in LIBRARIES:
        import_module(name)
    # What is there stays there: else each would look through it, and take it apart, at its own end.
    gc.freeze()
    bind = dying_with_us()
    requests = socket.socket(fileno=int(sys.argv[1]))
    heard, rung = os.pipe()
    os.set_blocking(rung, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(rung, warn_on_full_buffer=False)
    living: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests.fileno(), heard], [], [])
        if heard in ready:
            os.read(heard, 4096)
            bury(living)
        if requests.fileno() not in ready:
            continue
        text, files, _, _ = socket.recv_fds(requests, 1 << 20, 4)
        if not text:
            os._exit(0)  # whoever asked is gone; the kernel ends the others with us
        pid = os.fork()
        if pid == 0:
            requests.detach()
            bind()
            become(files, **json.loads(text))
            return
        with suppress(OSError):  # whichever of us is first: whoever asked may signal the group at once
            os.setpgid(pid, pid)
        requests.send(str(pid).encode())
        living[pid] = files.pop()
        for each in files:
            os.close(each)


def bury(living: dict[int, int]) -> None:
    """Tell how those that have ended did."""
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = living.pop(pid)
        os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(told)


def become(files: Sequence[int], arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
    """Be what was asked for, as if started so."""
    os.setpgid(0, 0)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    os.closerange(3, 1 << 16)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
