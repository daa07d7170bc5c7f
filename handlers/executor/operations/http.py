"""`http`: makes one HTTP request; its answer is the result. The payload: `request`; what may be called: `addresses`.

Redirects are not followed: a 3xx is a status like any other, and where it leads nobody has looked at.
"""

from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from yarl import URL

from handlers.executor.operations.addresses import CheckedResolver, refuse_literal
from handlers.executor.operations.answer import Answer, read, result, unexpected
from handlers.executor.operations.request import KEY, Request, key, read_request, shown
from handlers.executor.operations.task import OperationFailed, OperationHandler, Task

#: What may be otherwise in a moment.
PASSING = frozenset({429, 502, 503, 504})


class _Passing(Exception):  # never leaves this module
    """A try failed, and the next may not."""

    def __init__(self, failure: OperationFailed, retry_after: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.retry_after = retry_after


def http(
    *,
    allow_link_local: bool = False,
    resolver: AbstractResolver | None = None,
    longest_wait: float = 60.0,
    backoff: float = 0.5,
) -> OperationHandler:
    """A handler that makes requests.

    `allow_link_local` lifts every refusal of addresses. Between two tries it waits `backoff` seconds, doubled each
    time, or what Retry-After says; never more than `longest_wait`.
    """
    waits = wait_random_exponential(multiplier=backoff, max=longest_wait)

    def wait(state: RetryCallState) -> float:
        failed = state.outcome.exception() if state.outcome is not None else None
        said = failed.retry_after if isinstance(failed, _Passing) else None
        return waits(state) if said is None else min(said, longest_wait)

    async def run(task: Task) -> Any:
        request, url = read_request(task)
        if not allow_link_local:
            refuse_literal(url.raw_host or "")
        inner = resolver or aiohttp.ThreadedResolver()
        connector = aiohttp.TCPConnector(
            resolver=inner if allow_link_local else CheckedResolver(inner), use_dns_cache=False, force_close=True
        )
        tries = AsyncRetrying(
            retry=retry_if_exception_type(_Passing), wait=wait, stop=stop_after_attempt(request.tries), reraise=True
        )
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            try:
                answer: Answer = await tries(_once, session, request, url, key(task))
            except _Passing as passing:
                raise passing.failure from None
        return result(request, answer)

    return run


async def _once(session: aiohttp.ClientSession, request: Request, url: URL, key: str) -> Answer:
    try:
        answer = await _sent(session, request, url, key)
    except TimeoutError:
        limit = f"expected an answer of {shown(url)} within {request.timeout_seconds:g} s, found none"
        raise _Passing(OperationFailed(limit)) from None
    except aiohttp.InvalidURL:
        # Its text is the URL with all its secrets.
        raise OperationFailed(f"expected payload.url to be a URL that can be called, found {shown(url)}") from None
    except aiohttp.ClientSSLError as wrong:
        raise OperationFailed(f"expected {shown(url)} to have a certificate that holds, found {wrong}") from None
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as wrong:
        lost = f"expected an answer of {shown(url)}, found {type(wrong).__name__}: {wrong}"
        raise _Passing(OperationFailed(lost)) from None
    except (aiohttp.ClientError, ValueError) as wrong:
        # A header that no HTTP can carry, or an answer that is none.
        raise OperationFailed(f"expected to call {shown(url)}, found {type(wrong).__name__}: {wrong}") from None
    if request.is_expected(answer.status):
        return answer
    if answer.status in PASSING:
        raise _Passing(unexpected(request, answer), answer.retry_after)
    raise unexpected(request, answer)


async def _sent(session: aiohttp.ClientSession, request: Request, url: URL, key: str) -> Answer:
    body, told = request.content()
    given = request.headers or {}
    named = {name.lower() for name in given}
    ours = {name: value for name, value in {**told, KEY: key}.items() if name.lower() not in named}
    async with session.request(
        request.method,
        url,
        data=body,
        headers={**ours, **given},
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=request.timeout_seconds),
    ) as response:
        return await read(response)


#: With the defaults, for an entry point.
http_operation = http()
