"""What `execute` and `run` have in common: which operations they can run."""

from pathlib import Path
from typing import Annotated

import typer

from handlers.cli.exits import Exit, Stop
from handlers.cli.screen import Screen
from handlers.executor.operations.program import NotARegistry
from handlers.executor.operations.task import OperationHandler
from handlers.executor.registry import ENGINE, operation_handlers

RegistryOption = Annotated[
    Path | None, typer.Option("--registry", help="JSON file: operation type -> the program or image that runs it.")
]
LinkLocalOption = Annotated[
    bool, typer.Option("--allow-link-local", help="Let `http` reach link-local and metadata addresses.")
]
EngineOption = Annotated[
    str,
    typer.Option("--engine", envvar="DOCKER_HOST", help="Docker engine for a registry's images: unix:// or tcp://."),
]


def handlers_of(
    registry: Path | None, *, allow_link_local: bool, engine: str = ENGINE, screen: Screen
) -> dict[str, OperationHandler]:
    """The operation handlers; says what is wrong with the registry file, and exits."""
    try:
        return operation_handlers(registry, allow_link_local=allow_link_local, engine=engine)
    except NotARegistry as wrong:
        stop = Stop(Exit.USAGE, f"{registry} is not a registry of programs", str(wrong), f"mend {registry}")
        screen.stop(stop)
        raise typer.Exit(stop.code) from None
