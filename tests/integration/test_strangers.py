"""Commands that reach something which is no Agendum, though it answers: an error that says so, and no traceback."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.faults.processes import WorkerProcess
from tests.integration.commands import agendum


class Stranger(BaseHTTPRequestHandler):
    """Answers 200 and an empty JSON array, whatever is asked."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    do_POST = do_GET  # noqa: N815  # the library's name


@pytest.fixture
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.kafka
async def test_verify_says_that_no_worker_is_there(stranger: str, worker: WorkerProcess) -> None:
    found = await agendum("verify", "--url", stranger, "--kafka", worker.bootstrap, "--prefix", worker.prefix)

    assert found.code == 5
    assert "expected a worker's list of owners" in found.err
    assert "Traceback" not in found.err


async def test_a_query_says_that_no_agendum_is_there(stranger: str) -> None:
    found = await agendum("progress", "x", "--url", stranger)

    assert found.code == 4
    assert "is that an Agendum?" in found.err
    assert "Traceback" not in found.err
