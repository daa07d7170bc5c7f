"""One hop between workers: commands, queries and pulls as MessagePack on the internal listener (design 4.5).

What travels is a command, never a request: the edge has parsed, checked and sealed; the owner decides. An error travels
as its class's name and message, so that the edge answers as if it had happened there. The listener is told apart from
the public one by its own address, and each hop carries the workers' shared secret.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from eventstore import errors
from eventstore.errors import AgendumError, Moving, OutcomeUnknown

SECRET_HEADER = "Agendum-Secret"  # noqa: S105  # a header's name
CONTENT = "application/msgpack"
#: Rejected and Unavailable travel by name; anything else is a fault of this program.
ERRORS: dict[str, type[AgendumError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, AgendumError)
}


class Failure(msgspec.Struct, frozen=True):
    """An error on its way back."""

    kind: str
    message: str

    @classmethod
    def of(cls, wrong: AgendumError) -> "Failure":
        """An error, ready to travel."""
        return cls(type(wrong).__name__, str(wrong))

    def error(self) -> AgendumError:
        """The error again."""
        return ERRORS.get(self.kind, OutcomeUnknown)(self.message)


class Hop(msgspec.Struct, frozen=True):
    """One kind of question: its path, and the types of question and answer."""

    path: str
    asks: Any
    answers: Any


class Hops:
    """Asks other workers."""

    def __init__(self, session: aiohttp.ClientSession, secret: str) -> None:
        self._session = session
        self._headers = {SECRET_HEADER: secret, "Content-Type": CONTENT}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {}
        self._failure = msgspec.msgpack.Decoder(Failure)

    async def ask(self, url: str, hop: Hop, question: Any, seconds: float) -> Any:
        """The answer of the worker at an internal address.

        Raises what it raised; Moving if it was not reached, OutcomeUnknown if it was and did not answer.
        """
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=1.0)
        body = self._encode(question)
        try:
            async with self._session.post(
                url + hop.path, data=body, headers=self._headers, timeout=timeout
            ) as response:
                answer = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as wrong:
            raise Moving(f"the worker at {url} is not there ({wrong}); ask again") from wrong
        except (aiohttp.ClientError, TimeoutError, OSError) as wrong:
            raise OutcomeUnknown(f"the worker at {url} did not answer ({wrong!r}); ask again") from wrong
        if response.status == 200:
            return self._decoder(hop).decode(answer)
        if response.content_type != CONTENT:
            raise OutcomeUnknown(f"the worker at {url} answered {response.status}; ask again")
        raise self._failure.decode(answer).error()

    def _decoder(self, hop: Hop) -> "msgspec.msgpack.Decoder[Any]":
        decoder = self._decoders.get(hop.path)
        if decoder is None:
            decoder = self._decoders[hop.path] = msgspec.msgpack.Decoder(hop.answers)
        return decoder


def is_worker(request: web.BaseRequest, secret: str) -> bool:
    """Whether a request carries the workers' shared secret."""
    # Bytes that are no UTF-8 arrive as surrogates: a wrong secret as well, not a fault of ours.
    said = request.headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")
    return hmac.compare_digest(said, secret.encode())


def hop_route(
    hop: Hop,
    secret: str,
    answer: Callable[[Any], Awaitable[Any]],
    undelivered: Callable[[Any, Any], None] = lambda _, __: None,
) -> tuple[str, Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]]:
    """The path and endpoint that answer a kind of question here.

    `undelivered(question, answer)` is called when the asker turns out to be gone before the answer could be written.
    """
    decoder = msgspec.msgpack.Decoder(hop.asks)
    encode = msgspec.msgpack.Encoder().encode

    async def endpoint(request: web.BaseRequest) -> web.Response:
        if not is_worker(request, secret):
            return web.Response(status=403, text="expected the workers' shared secret")
        try:
            question = decoder.decode(await request.read())
            found = await answer(question)
        except AgendumError as wrong:
            return web.Response(status=422, body=encode(Failure.of(wrong)), content_type=CONTENT)
        if request.transport is None or request.transport.is_closing():
            undelivered(question, found)
        return web.Response(body=encode(found), content_type=CONTENT)

    return hop.path, endpoint
