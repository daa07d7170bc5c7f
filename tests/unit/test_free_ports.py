"""Ports that are given out once."""

import socket
import subprocess
import sys

from compose import ports
from compose.ports import free_ports


def test_a_port_is_given_out_once_to_one_process() -> None:
    found = [port for _ in range(50) for port in free_ports(3)]
    assert len({*found}) == 150


def test_a_port_that_another_process_was_given_is_not_given_out_while_it_lives() -> None:
    code = "from compose.ports import free_ports; print(free_ports(1)[0], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert not ports._claim(port)
        other.stdin.write("\n")
        other.stdin.close()
        other.wait(60)
        assert ports._claim(port)


def test_no_outgoing_connection_takes_a_port_whose_owner_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        outgoing = client.getsockname()[1]
    lowest = ports._outgoing()
    assert outgoing >= lowest > max(free_ports(200))
