"""Requests to one service and what its answers mean: JSON, or an error of the one tree."""

from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec
import orjson
from yarl import URL

from eventstore.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Rejected, Unavailable
from handlers.client.objects import Problem
from handlers.client.patience import insist

_REFUSALS: Mapping[int, type[Rejected]] = {422: Invalid, 403: Forbidden, 404: NotFound, 409: Conflict}

encode = msgspec.json.Encoder().encode


class Transport:
    """Talks to one service. `url` is its base, with or without `/pop`; times are in seconds."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        *,
        draw: Callable[[], str],
        token: str = "agendum",  # noqa: S107  # any will do (spec 3.1)
        patience: float = 30.0,
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/pop")
        self.draw = draw
        self.patience = patience
        self._session = session
        self._headers = {"Authorization": token, "Content-Type": "application/json"}

    async def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """One request to `/pop/…`; the answer's JSON."""
        answer = await self.once(method, f"{self.url}/pop/{path}", body, headers or {})
        if not isinstance(answer, dict):
            raise BadRequest(f"expected a JSON object of {self.url}, found {answer!r:.100}: is that an Agendum?")
        if (problem := answer.get("errorResponse")) is not None:
            raise _refusal(msgspec.convert(problem, Problem))
        return answer

    async def insist(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The same, made again until it is answered, for as long as our patience lasts."""
        return await insist(lambda: self.ask(method, path, body, headers), self.patience)

    async def post(self, path: str, body: Any, key: str | None = None) -> Any:
        """A POST that is carried out once, however often it is made: under one Idempotency-Key."""
        return await self.insist("POST", path, body, {"Idempotency-Key": key or self.draw()})

    async def once(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Any:
        """One request to any URL of the service; its JSON, whatever that says."""
        data = None if body is None else encode(body)
        # As it is written: an id's %2F or %2E is none of the URL's own.
        where = URL(url, encoded=True)
        try:
            async with self._session.request(method, where, data=data, headers={**self._headers, **headers}) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as wrong:
            raise Unavailable(f"expected an answer of {self.url}, found {type(wrong).__name__}: {wrong}") from None
        if answer.status in (500, 502, 503, 504):
            raise Unavailable(f"{self.url} answered {answer.status}: {text[:300].decode(errors='replace')}")
        if answer.status == 401:
            raise Forbidden("expected a token that the service accepts, found 401: set AGENDUM_TOKEN")
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise BadRequest(
                f"expected JSON of {url}, found status {answer.status} and {text[:100]!r}: is that an Agendum?"
            ) from None


def _refusal(problem: Problem) -> Exception:
    if problem.response_code in (502, 503):
        return Unavailable(f"the service answered {problem.response_code}: {problem.description}")
    return _REFUSALS.get(problem.response_code, BadRequest)(problem.description)
