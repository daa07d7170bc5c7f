"""`python -m compose.kafka`: a local cluster in the foreground, until Ctrl-C."""

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

from compose.kafka.cluster import LocalKafka
from compose.kafka.jars import JarsRefused
from compose.kafka.java import NotInstalled


def main() -> int:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m compose.kafka", description=__doc__)
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="how many nodes")
    parser.add_argument("--data", type=Path, help="where its data stays; default: a temporary directory")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with tempfile.TemporaryDirectory(prefix="agendum-kafka-") as temporary:
        try:
            kafka = LocalKafka(options.data or Path(temporary), options.nodes).start()
        except (NotInstalled, JarsRefused) as refused:
            print(refused, file=sys.stderr)
            return 1
        print(f"Kafka is ready at {kafka.bootstrap} (Ctrl-C stops it)", flush=True)
        ended.wait()
        kafka.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
