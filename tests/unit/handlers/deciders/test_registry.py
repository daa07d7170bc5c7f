"""Every command has its decider, and is decided once however often it is asked for."""

from typing import get_args

import msgspec

from eventstore.commands import RunCommand
from eventstore.run_events import ProgressReported
from handlers.deciders.registry import _DECIDERS
from tests.builders import NOW, dispatch, report, rerun, submit
from tests.spec import given


def test_every_command_on_a_run_has_a_decider() -> None:
    assert set(_DECIDERS) == set(get_args(RunCommand))


def test_a_report_that_is_asked_for_again_is_no_later_sign_of_life() -> None:
    """Its owner appended it and was killed; the edge asks the next owner, when the last sign of life is old."""
    said = report(500, percent=5.0, identity="once")
    given(submit(), dispatch(), said).when(msgspec.structs.replace(said, now=NOW + 100 + 60_000)).then()


def test_a_rerun_that_is_asked_for_again_is_no_other_rerun() -> None:
    given(submit(), dispatch(), report(500), rerun()).when(rerun(now=NOW + 400_000)).then()


def test_a_command_of_another_id_is_decided() -> None:
    said = report(500, percent=5.0, identity="once")
    later = msgspec.structs.replace(said, id="twice", now=NOW + 100 + 60_000)
    given(submit(), dispatch(), said).when(later).then(ProgressReported)
