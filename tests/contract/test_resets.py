"""What a client says of a connection that its broker has reset, turn by turn of the loop (eventstore.kafka.resets)."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from eventstore.kafka import resets
from eventstore.kafka.resets import expect_resets
from tests.conftest import Broker

pytestmark = pytest.mark.kafka
TURNS = 10


@asynccontextmanager
async def door(broker: Broker) -> AsyncIterator[tuple[int, Callable[[], None]]]:
    """A port that leads to the broker, and what resets the connections to it, as a kernel does for a killed process."""
    host, port = broker.bootstrap.split(":")
    came: list[asyncio.StreamWriter] = []

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError, RuntimeError):
            while data := await source.read(1 << 16):
                sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)
        behind, ahead = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pipe(reader, ahead), pipe(behind, writer))

    def reset() -> None:
        for writer in came:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], reset


async def said(broker: Broker) -> Counter[str]:
    """What is raised by requests at each turn of the loop after a reset, and what they come to."""
    found: Counter[str] = Counter()
    async with door(broker) as (port, reset):
        connection = await create_conn("127.0.0.1", port, request_timeout_ms=60_000)
        reset()
        answers: list[Any] = []
        for _ in range(TURNS):
            await asyncio.sleep(0)
            try:
                answers.append(asyncio.ensure_future(connection.send(MetadataRequest([]))))
            except Exception as wrong:  # noqa: BLE001  # that is the question
                found[type(wrong).__name__] += 1
        found.update(type(each).__name__ for each in await asyncio.gather(*answers, return_exceptions=True))
        assert not connection.connected()
    return found


def test_uvloop_and_the_client_do_not_agree_on_what_a_reset_is(kafka: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AIOKafkaConnection, "send", resets._send)

    found = uvloop.run(said(kafka))

    assert found["RuntimeError"], "nothing of eventstore.kafka.resets is needed any more"


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_reset_is_one_of_kafkas_errors(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any]
) -> None:
    monkeypatch.setattr(AIOKafkaConnection, "send", resets._send)
    expect_resets()

    found = run(said(kafka))

    assert found == {"KafkaConnectionError": TURNS}
