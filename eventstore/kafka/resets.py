"""A connection that was reset is one of Kafka's errors, under uvloop as under asyncio.

Measured (tests/contract/test_resets): for two turns of the loop after its broker was killed, a connection still counts
as connected. What asyncio's transport takes then, and drops, uvloop's refuses by a RuntimeError, where aiokafka expects
OSError. So it ends whatever task sends just then: the client's own, that asks for metadata, and all that is asked by
that client waits for ever; or one of the worker's, and the worker with it. Both were seen when brokers died, a worker
that stayed read-only and one that ended; that this was their reason is inferred, for neither left a trace.
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def expect_resets() -> None:
    """From now on every connection of this process says KafkaConnectionError where it was reset."""
    AIOKafkaConnection.send = _send_or_tell


def _send_or_tell(connection: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002  # as aiokafka's
    try:
        return _send(connection, request, expect_response)
    except RuntimeError as closed:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"expected an open connection, it was reset: {closed}") from closed
