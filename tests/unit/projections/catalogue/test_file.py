"""The file is replaced whole or not at all, and whatever is wrong with it costs time alone."""

import asyncio
import logging
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from eventstore.reading import Dropped
from projections.catalogue.catalogue import Catalogue
from projections.catalogue.file import NAME, CatalogueFile
from projections.catalogue.fold import Item, stream_of
from tests.builders import catalogue, customer

LOG = "log-1"


def at(position: int, *names: str) -> Catalogue:
    """A catalogue of some customers that has folded up to a position."""
    found = catalogue(*map(customer, names))
    found.next = position
    return found


def restored(folder: Path, end: int = 100, log_id: str = LOG) -> Catalogue:
    found = Catalogue(lambda _: Dropped("none"))
    CatalogueFile(folder, found, log_id).restore(end)
    return found


def same(one: Catalogue, other: Catalogue) -> bool:
    return (one.next, [*one.items().items()]) == (other.next, [*other.items().items()])


async def test_the_next_start_begins_where_it_was_kept(tmp_path: Path) -> None:
    kept = at(5, "b", "a")
    await CatalogueFile(tmp_path / "not there yet", kept, LOG).save()
    assert same(restored(tmp_path / "not there yet"), kept)
    assert [path.name for path in (tmp_path / "not there yet").iterdir()] == [NAME]


async def test_without_news_nothing_is_written(tmp_path: Path) -> None:
    file = CatalogueFile(tmp_path, at(5, "a"), LOG)
    await file.save()
    (tmp_path / NAME).unlink()
    await file.save()
    again = Catalogue(lambda _: Dropped("none"))
    await CatalogueFile(tmp_path, again, LOG).save()
    assert not [*tmp_path.iterdir()]


async def test_what_is_of_no_use_is_said_once_and_then_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await CatalogueFile(tmp_path, at(5, "a"), "another log").save()
    found = Catalogue(lambda _: Dropped("none"))
    file = CatalogueFile(tmp_path, found, LOG)
    with caplog.at_level(logging.WARNING):
        file.restore(9)
    (line,) = caplog.records
    assert (line.__dict__["expected"], line.__dict__["found"]) == (f"log {LOG}", "log another log")
    assert same(found, at(0))

    thing = customer("b")
    found.keep(stream_of(thing), Item(1, "link", "last", thing))
    found.next = 2  # of another log: not comparable with the 5 of before
    await file.save()
    assert same(restored(tmp_path), found)


@pytest.mark.parametrize("damage", ["garbage", "a folder", "cut"])
async def test_a_damaged_file_is_as_none(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / NAME
    await CatalogueFile(tmp_path, at(5, "a"), LOG).save()
    whole = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    else:
        path.write_bytes(whole[:-1] if damage == "cut" else b"garbage")
    assert same(restored(tmp_path), at(0))
    assert "of no use" in caplog.text


async def test_a_disk_that_takes_nothing_costs_no_more_than_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    file = CatalogueFile(tmp_path / "file", at(5, "a"), LOG)
    await file.save()
    assert "is not written" in caplog.text
    (tmp_path / "file").unlink()
    await file.save()
    assert restored(tmp_path / "file").next == 5, "it is tried again"


async def test_the_last_write_waits_for_one_whose_task_was_cancelled(tmp_path: Path) -> None:
    """A thread goes on when its task is cancelled: two at once would write into one file."""
    held = at(5, "a")
    entered, release = threading.Event(), threading.Event()
    released: list[bool] = []

    def pause(_: str) -> None:
        released.append(release.is_set())
        entered.set()
        assert release.wait(60)

    file = CatalogueFile(tmp_path, held, LOG, pause)
    running = asyncio.create_task(file.run())
    assert await asyncio.to_thread(entered.wait, 60)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    held.next = 6
    last = asyncio.create_task(file.save())
    with suppress(TimeoutError):
        async with asyncio.timeout(0.5):  # it has this long to do what it must not
            while len(released) < 2:  # noqa: ASYNC110  # a thread's
                await asyncio.sleep(0.01)
    assert not (tmp_path / NAME).exists()
    release.set()
    await last
    assert released == [False, True]
    assert restored(tmp_path).next == 6
