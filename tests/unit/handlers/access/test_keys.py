"""The issuer's key set: what is taken from it, and how it is kept up to date, from a real server and a file."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jwt import PyJWK

from handlers.access import keys as keys_module
from handlers.access.identity import Refused
from handlers.access.keys import MOST_KEYS, SET_BYTES, Keys, NoKeySet, from_file, from_url, keys_in
from tests.issuer import ALGORITHMS, Issuer, Key, key_set

OLD, NEW = Key("old"), Key("new", "EdDSA")


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestSet:
    """What a key set is read as."""

    def test_keys_are_known_by_their_ids(self) -> None:
        found = keys_in(key_set(OLD.public(), NEW.public()), ALGORITHMS)
        assert {name: key.algorithm_name for name, key in found.items()} == {"old": "ES256", "new": "EdDSA"}

    def test_an_algorithm_need_not_be_said(self) -> None:
        said = {name: value for name, value in OLD.public().items() if name not in ("alg", "use")}
        assert keys_in(key_set(said), ALGORITHMS)["old"].algorithm_name == "ES256"

    @pytest.mark.parametrize(
        "entry",
        [
            {"kty": "oct", "k": "c2VjcmV0", "kid": "x"},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256", "use": "sig"},
            OLD.public(use="enc"),
            OLD.public(d="AQAB"),
            OLD.public(alg="ES384"),
            OLD.public(alg="HS256"),
            OLD.public(alg="none"),
            OLD.public(kid=7),
            OLD.public(x="AA"),
            Key("weak", "RS256", bits=1024).public(),
            Key("x", "RS256").public(alg="RS1"),
            {"kty": "EC"},
            {},
            7,
            None,
            [],
        ],
    )
    def test_what_is_no_public_key_of_ours_is_left_out(self, entry: Any) -> None:
        assert [*keys_in(key_set(entry, NEW.public()), ALGORITHMS)] == ["new"]

    @pytest.mark.parametrize(
        "text",
        [b"", b"7", b"[]", b"{}", b'{"keys":7}', b'{"keys":[]}', b"\xff", b'{"keys":null}', b"[" * 100_000, b"<html>"],
    )
    def test_what_is_no_key_set_is_none(self, text: bytes) -> None:
        with pytest.raises(NoKeySet):
            keys_in(text, ALGORITHMS)

    def test_so_many_keys_are_kept_and_no_more(self) -> None:
        many = [OLD.public(kid=f"k{n}") for n in range(3 * MOST_KEYS)]
        assert len(keys_in(key_set(*many), ALGORITHMS)) == MOST_KEYS

    def test_an_algorithm_that_is_not_set_brings_no_key(self) -> None:
        with pytest.raises(NoKeySet, match="RS256"):
            keys_in(key_set(OLD.public(), NEW.public()), ["RS256"])


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer for a look than those who ask are to wait."""
    monkeypatch.setattr(keys_module, "FETCH_SECONDS", 60.0)
    monkeypatch.setattr(keys_module, "WAIT_SECONDS", 60.0)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer(key_set(OLD.public())) as found:
        yield found


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as found:
        yield found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outcomes() -> list[str]:
    return []


@pytest.fixture
def keys(issuer: Issuer, session: aiohttp.ClientSession, clock: Clock, outcomes: list[str]) -> Keys:
    fetch = from_url(session, issuer.url)
    return Keys(fetch, ALGORITHMS, clock=clock, pause=10, every=300, told=outcomes.append)


class TestRotation:
    """Keys change while tokens come."""

    async def test_before_the_first_look_nothing_can_be_said(self, keys: Keys) -> None:
        assert keys.key("old") is Refused.NO_KEYS
        assert await keys.renew()
        assert isinstance(keys.key("old"), PyJWK)
        assert isinstance(keys.key(None), PyJWK)  # the only one

    async def test_an_unknown_key_is_looked_for_but_not_again_before_the_pause_is_over(
        self, keys: Keys, issuer: Issuer, clock: Clock
    ) -> None:
        await keys.renew()
        issuer.body = key_set(OLD.public(), NEW.public())
        assert keys.key("new") is Refused.UNKNOWN_KEY
        clock.now += 9.9
        assert not any([await keys.renew() for _ in range(100)])
        assert (keys.key("new"), issuer.asked) == (Refused.UNKNOWN_KEY, 1)
        clock.now += 0.2
        assert await keys.renew()
        assert isinstance(keys.key("new"), PyJWK)
        assert keys.key(None) is Refused.UNKNOWN_KEY  # which of two?
        assert issuer.asked == 2

    async def test_all_who_ask_at_once_share_one_look(self, keys: Keys, issuer: Issuer) -> None:
        assert all(await asyncio.gather(*(keys.renew() for _ in range(50))))
        assert issuer.asked == 1

    async def test_who_leaves_takes_the_look_from_nobody(self, keys: Keys) -> None:
        leaving, staying = asyncio.create_task(keys.renew()), asyncio.create_task(keys.renew())
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying
        assert isinstance(keys.key("old"), PyJWK)

    async def test_a_key_that_the_set_no_longer_has_is_gone(self, keys: Keys, issuer: Issuer, clock: Clock) -> None:
        await keys.renew()
        issuer.body, clock.now = key_set(NEW.public()), clock.now + 11
        await keys.renew()
        assert keys.key("old") is Refused.UNKNOWN_KEY

    @pytest.mark.parametrize(
        "wrong",
        [
            {"status": 500},
            {"status": 302, "headers": {"Location": "/elsewhere"}},
            {"body": b"<html>"},
            {"body": key_set()},
            {"body": b" " * (SET_BYTES + 1) + key_set(NEW.public())},
        ],
    )
    async def test_while_the_source_is_away_or_wrong_the_old_keys_stay(
        self, keys: Keys, issuer: Issuer, clock: Clock, outcomes: list[str], wrong: dict[str, Any]
    ) -> None:
        await keys.renew()
        vars(issuer).update(wrong)
        clock.now += 11
        await keys.renew()
        assert isinstance(keys.key("old"), PyJWK)
        assert outcomes == ["read", "failed"]
        clock.now += 5
        assert not await keys.renew()  # a source that fails is not asked more often
        assert issuer.asked == 2

    async def test_while_nobody_listens_there_the_old_keys_stay(
        self, session: aiohttp.ClientSession, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with Issuer(key_set(OLD.public())) as issuer:
            keys = Keys(from_url(session, issuer.url), ALGORITHMS, clock=clock, pause=10, every=300)
            await keys.renew()
        clock.now += 11
        with caplog.at_level(logging.WARNING):
            await keys.renew()
        assert isinstance(keys.key("old"), PyJWK)
        assert [record.action for record in caplog.records] == ["keys"]  # type: ignore[attr-defined]

    async def test_the_loop_looks_at_once_and_then_every_now_and_then(
        self, session: aiohttp.ClientSession, issuer: Issuer
    ) -> None:
        clock, seen = asyncio.get_running_loop().time, asyncio.Event()
        fetch = from_url(session, issuer.url)
        keys = Keys(fetch, ALGORITHMS, clock=clock, pause=0.0, every=0.01, told=lambda _: seen.set())
        running = asyncio.create_task(keys.run())
        async with asyncio.timeout(60):
            for key in (OLD, NEW):
                issuer.body = key_set(key.public())
                while isinstance(keys.key(key.identity), Refused):
                    seen.clear()
                    await seen.wait()
        running.cancel()

    async def test_a_file_that_is_replaced_is_seen(self, tmp_path: Path, clock: Clock) -> None:
        path = tmp_path / "keys.json"
        keys = Keys(from_file(path), ALGORITHMS, clock=clock, pause=10, every=300)
        await keys.renew()
        assert keys.key("old") is Refused.NO_KEYS  # the file is not there yet
        path.write_bytes(key_set(OLD.public()))
        clock.now += 11
        await keys.renew()
        path.write_text(json.dumps({"keys": [NEW.public()]}))
        clock.now += 11
        await keys.renew()
        assert isinstance(keys.key("new"), PyJWK)
