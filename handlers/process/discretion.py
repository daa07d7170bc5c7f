"""aiohttp's server without its habit of quoting: a line that is no HTTP, told back and logged with its text, can be the
Authorization header (a space before its colon is enough).
"""

from http import HTTPStatus

from aiohttp import web


class DiscreetServer(web.Server):
    """A web.Server whose connections quote nothing of what they could not read."""

    def __call__(self) -> web.RequestHandler:
        """One connection."""
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Bytes that are no HTTP: the answer and the log say so, and no more. Faults of ours are logged as ever."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        return super().handle_error(request, status, None, f"{status} {HTTPStatus(status).phrase}")
