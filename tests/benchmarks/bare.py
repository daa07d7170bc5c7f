"""What a user would build: aiohttp with a constant, and with one awaited send per request."""

import asyncio
import sys

import uvloop
from aiohttp import web
from aiokafka import AIOKafkaProducer


async def main(bootstrap: str, topic: str, port: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()

    async def constant(_: web.Request) -> web.Response:
        return web.json_response({"all": [], "count": 0, "error": False})

    async def send(request: web.Request) -> web.Response:
        await producer.send_and_wait(topic, await request.read(), partition=0)
        return web.json_response({"error": False})

    app = web.Application()
    app.router.add_get("/constant", constant)
    app.router.add_post("/send", send)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(port)).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
