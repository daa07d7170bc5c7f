"""Tells the service what an operation generated (spec 8.4)."""

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from eventstore.errors import Rejected, Unavailable
from handlers.executor.operations.generators import Generated
from handlers.executor.operations.task import OperationFailed, Service


async def persist(service: Service, agenda_id: str, found: Generated) -> None:
    """Add what was generated to the agenda, for as long as the service is away; raises OperationFailed.

    POP tries three times and then fails the operation. Here a service that is away loses nothing: reports are kept and
    sent again, and so is this.
    """
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unavailable), wait=wait_random_exponential(multiplier=0.2, max=5.0)
        ):
            with attempt:
                await service.update_agenda(agenda_id, found.operations, found.params)
    except Rejected as why:
        raise OperationFailed(f"the service refused the operations that were generated: {why}") from None
