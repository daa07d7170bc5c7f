"""Ports for what is started here, each given out once."""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

LOWEST_PORT = 16_384
#: Where Linux says which ports it gives to outgoing connections (ip(7)), and what they begin with elsewhere at least.
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
DEFAULT_OUTGOING = 32_768


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, and that nobody else is given here while this process lives.

    A port is free, too, while who listens on it is down and about to come back: two test runs were given the same one,
    and the clients of one spoke to the worker of the other. Nor is it one of those that the system gives to outgoing
    connections: one of these, even of a client that asks whether the port answers again, would keep its owner out.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(LOWEST_PORT, _outgoing())  # noqa: S311  # no secret
        if port not in _CLAIMED and _is_free(port) and _claim(port):
            _CLAIMED.add(port)
            found.append(port)
    return found


def _outgoing() -> int:
    """The lowest port of outgoing connections."""
    try:
        lowest = int(OUTGOING.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return DEFAULT_OUTGOING
    return lowest if lowest > LOWEST_PORT + 1000 else DEFAULT_OUTGOING


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_CLAIMED: set[int] = set()


def _claim(port: int) -> bool:
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _claims() -> int:
    # One byte for each port, locked by whoever was given it; never closed, because closing would let go of all.
    path = Path(tempfile.gettempdir()) / f"agendum-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
