"""Every command has its decider."""

from typing import get_args

from eventstore.commands import RunCommand
from handlers.deciders.registry import _DECIDERS


def test_every_command_on_a_run_has_a_decider() -> None:
    assert set(_DECIDERS) == set(get_args(RunCommand))
