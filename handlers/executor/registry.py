"""Which operation types an executor can run: our own, entries of a registry file, and those of installed packages."""

from importlib.metadata import entry_points
from pathlib import Path

from handlers.executor.operations.agenda_post import agenda_post
from handlers.executor.operations.command import command
from handlers.executor.operations.docker import docker
from handlers.executor.operations.http import http
from handlers.executor.operations.local import local
from handlers.executor.operations.log_messages import log_messages
from handlers.executor.operations.program import Entry, Image, read_registry
from handlers.executor.operations.sample import sample
from handlers.executor.operations.task import OperationHandler
from handlers.executor.operations.update_agenda import update_agenda
from handlers.executor.operations.warden import Warden

#: Where packages name their operation handlers (see handlers.executor.operations).
GROUP = "agendum.operations"
#: Where an engine usually listens.
ENGINE = "unix:///var/run/docker.sock"


def operation_handlers(
    registry: Path | None = None, *, allow_link_local: bool = False, engine: str = ENGINE
) -> dict[str, OperationHandler]:
    """Operation type -> what runs it; packages win over ours, and the registry file over both. Raises NotARegistry."""
    ours: dict[str, OperationHandler] = {
        "logMessages": log_messages,
        "sample": sample,
        "updateAgenda": update_agenda,
        "agendaPost": agenda_post,
        "http": http(allow_link_local=allow_link_local),
    }
    theirs = {point.name: point.load() for point in entry_points(group=GROUP)}
    entries = {} if registry is None else read_registry(registry)
    warden = Warden(engine)
    return {**ours, **theirs, **{name: _handler(entry, warden) for name, entry in entries.items()}}


def _handler(entry: Entry, warden: Warden) -> OperationHandler:
    match entry:
        case Image():
            return docker(entry, warden)
        case _ if entry.launch_type == "local":
            return local(entry)
        case _:
            return command(entry)
