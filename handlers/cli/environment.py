"""A command's settings: AGENDUM_… variables, and over them what was given on the command line."""

from collections.abc import Mapping

import typer
from pydantic import ValidationError

from handlers.cli.exits import Exit
from handlers.cli.screen import Screen
from handlers.process.settings import Settings


def settings_of(screen: Screen, given: Mapping[str, str | int]) -> Settings:
    """The settings; each one that is wrong is named, and the command ends."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic reads text
    except ValidationError as wrong:
        for error in wrong.errors():
            name = "_".join(["AGENDUM", *map(str, error["loc"])]).upper()
            screen.note(f"{name}: {error['msg'].removeprefix('Value error, ')}", "red")
        raise typer.Exit(Exit.USAGE) from None
