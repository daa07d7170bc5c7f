"""Who asks: any token is somebody, and no token is nobody (spec 3.1)."""

import aiohttp
import pytest

from handlers.endpoints.routes import PATHS
from tests.faults.processes import WorkerProcess
from tests.wire import Client

pytestmark = pytest.mark.kafka


class TestIdentity:
    """3.1 Who asks.

    How the sample authorizer reads its accounts: `tests/unit/handlers/access/test_identity.py`; tokens, which POP
    leaves to its gateway: `tests/unit/handlers/access/test_tokens.py`, `tests/integration/isolation`.
    """

    async def test_any_token_is_the_super_user_and_none_is_nobody(self, client: Client) -> None:
        for token in ("dummy-value", "Bearer anything", "x"):
            _, answer, _ = await client.ask("GET", f"/pop/customer/{client.tenant}", Authorization=token)
            assert [row["id"] for row in answer["all"]] == [client.tenant]
        for path in ("/pop/customer", "/pop/agenda/x", "/pop/transform", "/pop/resourcepool/service/getAgenda"):
            status, answer, _ = await client.ask("POST", path, {}, Authorization="")
            assert (status, answer) == (401, {"message": "Unauthorized"}), path

    @pytest.mark.parametrize("said", [{}, {"Authorization": ""}], ids=["absent", "empty"])
    async def test_no_route_but_the_workers_own_answers_who_does_not_say_who_asks(
        self, worker: WorkerProcess, said: dict[str, str]
    ) -> None:
        url = worker.url
        asked = [
            (method, f"{stage}/{path}{more}")
            for path, route in PATHS.items()
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH")
            for stage, more in (("", ""), ("/dev", ""), ("", "/x"))
            if method in route.methods or not more
        ]
        async with aiohttp.ClientSession(headers=said) as session:
            for method, path in [*asked, ("GET", "/"), ("GET", "/pop"), ("GET", "/none"), ("HEAD", "/pop/agenda")]:
                async with session.request(method, url + path, data=b"{}") as answer:
                    assert answer.status == 401, (method, path)
            for path in ("/healthz", "/readyz", "/metrics"):
                async with session.get(url + path) as answer:
                    assert answer.status != 401, path
        assert len(asked) > 200
