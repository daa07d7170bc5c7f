"""What an operation handler gets, and how it fails. Pure."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from eventstore.errors import AgendumError
from handlers.client.objects import Agenda, Operation, OperationProgress

Advance = Callable[[float | None, str | None, dict[str, Any] | None], None]


class OperationFailed(AgendumError):
    """An operation came to an end, and not to a good one; `details` go with it into the diagnostics."""

    def __init__(self, message: str, details: Any = None) -> None:
        super().__init__(message)
        self.details = details


class Service(Protocol):
    """What an operation may ask of the service that its run is of; handlers.client.client.Client is one."""

    async def submit(self, agenda: Agenda | Mapping[str, Any], *, key: str | None = None) -> Agenda:
        """Submit an agenda; once, however often it is sent under the same key."""

    async def update_agenda(
        self, agenda_id: str, operations: Sequence[Operation], params: Mapping[str, Any] | None = None
    ) -> Agenda:
        """Add operations to an agenda under way; those that are there already are not added again."""


class Task:
    """One operation that is to be run: its payload with all references resolved."""

    __slots__ = (
        "_advance",
        "agenda_id",
        "cid",
        "customer_id",
        "name",
        "params",
        "payload",
        "prior",
        "progress_id",
        "service",
        "type",
    )

    def __init__(
        self,
        *,
        name: str,
        type: str,  # noqa: A002  # POP's word
        payload: Any,
        params: Mapping[str, Any],
        agenda_id: str,
        progress_id: str,
        customer_id: str,
        cid: str | None = None,
        prior: OperationProgress | None = None,
        service: Service | None = None,
        advance: Advance = lambda _, __, ___: None,
    ) -> None:
        self.name = name
        self.type = type
        self.payload = payload
        self.params = params
        self.agenda_id = agenda_id
        self.progress_id = progress_id
        self.customer_id = customer_id
        self.cid = cid
        #: how far an earlier attempt came with this operation
        self.prior = prior
        #: None: there is none, the agenda runs by itself
        self.service = service
        self._advance = advance

    def advance(
        self, percent: float | None = None, message: str | None = None, params: dict[str, Any] | None = None
    ) -> None:
        """Say how far it is (0 to 100); it is reported at once."""
        self._advance(percent, message, params)


#: Runs an operation; returns its result (any JSON, None: nothing).
OperationHandler = Callable[[Task], Awaitable[Any]]
