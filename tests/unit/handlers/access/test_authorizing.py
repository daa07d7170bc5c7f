"""What a request without a caller is answered, and when keys are looked for on its behalf."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from eventstore.commands import SERVICE, Caller
from handlers.access.authorizing import caller_of, identity_of, operators_only
from handlers.access.identity import Refused, SampleAuthorizer
from handlers.access.tokens import JwtIdentity
from handlers.endpoints.server import PublicApi
from handlers.process.settings import Settings
from tests.builders import ALICE


class Answers:
    """An identity that answers one after the other, and finds something new or not."""

    def __init__(self, *answers: Caller | Refused, finds: bool = True) -> None:
        self._answers = [*answers]
        self._finds = finds
        self.looks = 0

    def of(self, authorization: str | None) -> Caller | Refused:
        assert authorization == "Bearer secret"
        return self._answers.pop(0)

    async def renew(self) -> bool:
        self.looks += 1
        return self._finds


GET = make_mocked_request("GET", "/pop/agenda", headers={"Authorization": "Bearer secret"})


@pytest.mark.parametrize("why", [Refused.UNKNOWN_KEY, Refused.NO_KEYS])
async def test_a_key_that_is_not_known_is_looked_for_once(why: Refused) -> None:
    found = Answers(why, ALICE)
    assert (await caller_of(found, GET), found.looks) == (ALICE, 1)
    still = Answers(why, why)
    assert (await caller_of(still, GET), still.looks) == (why, 1)
    nothing_new = Answers(why, finds=False)
    assert (await caller_of(nothing_new, GET), nothing_new.looks) == (why, 1)


@pytest.mark.parametrize("why", sorted({*Refused} - {Refused.UNKNOWN_KEY, Refused.NO_KEYS}))
async def test_nothing_is_looked_for_on_behalf_of_a_token_that_is_bad_anyway(why: Refused) -> None:
    refused = Answers(why)
    assert (await caller_of(refused, GET), refused.looks) == (why, 0)


@pytest.mark.parametrize("why", [*Refused])
async def test_the_answer_is_a_401_unless_nothing_can_be_said_yet(
    why: Refused, caplog: pytest.LogCaptureFixture
) -> None:
    counted: list[str] = []
    edge: Any = SimpleNamespace(draw=lambda: "cid")
    metrics: Any = SimpleNamespace(refused=counted.append)
    caplog.set_level("INFO")
    answer = await PublicApi(edge, Answers(why, why), metrics, {}, 100, {})(GET)
    assert isinstance(answer, web.Response)
    body = json.loads(answer.text or "")
    if why is Refused.NO_KEYS:
        assert (answer.status, answer.headers["Retry-After"], body["errorResponse"]["responseCode"]) == (503, "1", 503)
    else:
        assert (answer.status, body) == (401, {"message": "Unauthorized"})
    assert counted == [why]
    assert [record.reason for record in caplog.records] == [why]  # type: ignore[attr-defined]
    assert "secret" not in caplog.text + (answer.text or "")


async def test_a_page_of_operators_is_for_super_users() -> None:
    for caller, status, text in ((SERVICE, 200, "all"), (ALICE, 403, None), (Refused.EXPIRED, 401, None)):
        page = operators_only(Answers(caller), lambda: (200, b"all", "text/plain"))
        answer = await page(GET)
        assert isinstance(answer, web.Response)
        assert (answer.status, answer.text) == (status, text)


async def test_the_settings_choose() -> None:
    session: Any = None
    settings: Any = Settings
    sample, keys = identity_of(settings(auth="sample", auth_accounts="a|b"), session, print)
    assert (sample, keys) == (SampleAuthorizer("agendum", "a|b"), None)
    tokens = settings(auth="jwt", jwt_issuer="i", jwt_audience="a", jwt_keys="not-there.json", secret="s")
    found, keys = identity_of(tokens, session, lambda _: None)
    assert isinstance(found, JwtIdentity)
    assert keys is not None
    assert found.of("Bearer x.y.z") is Refused.MALFORMED
    running = asyncio.create_task(keys.run())
    assert await found.renew()
    running.cancel()
