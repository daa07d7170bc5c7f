"""A program that is not ours: a plain script with another Kafka client, which knows the AsyncAPI document and no more.

    python foreign.py BOOTSTRAP < asyncapi.json

Publishes an agenda, works on it by topic, follows its events to the end, and prints their types. It imports nothing of
this project.
"""

import json
import sys
import time
from typing import Any
from zlib import crc32

from confluent_kafka import Consumer, Producer, TopicPartition

SECONDS = 120.0


class Follower:
    """Publishes commands and reads events, as the document says."""

    def __init__(self, bootstrap: str, document: Any) -> None:
        self.document = document
        self.inbox = document["channels"]["inbox"]["address"]
        self.agendas = document["channels"]["agendas"]["address"]
        self.partitions = document["channels"]["agendas"]["bindings"]["kafka"]["partitions"]
        assert document["operations"]["inbox"]["action"] == "receive"
        assert document["operations"]["agendas"]["action"] == "send"
        where = document["components"]["correlationIds"]["followed"]["location"]
        self.correlation = where.removeprefix("$message.header#/")
        self.producer = Producer({"bootstrap.servers": bootstrap})
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "foreign", "enable.auto.commit": False})
        # Note the ends before publishing, read from there.
        places = [TopicPartition(self.agendas, number) for number in range(self.partitions)]
        for place in places:
            place.offset = self.consumer.get_watermark_offsets(place, timeout=60)[1]
        self.consumer.assign(places)
        self.versions: dict[bytes, int] = {}

    def publish(self, message: str, key: str, identity: str, body: Any) -> None:
        """One command, with the headers that its message asks for."""
        said = self.document["components"]["messages"][message]
        headers = {"ce_id": identity, "ce_source": "foreign"}
        for name in said["headers"]["required"]:
            headers.setdefault(name, said["headers"]["properties"][name].get("const", ""))
        pairs: list[Any] = [(name, text.encode()) for name, text in headers.items()]
        self.producer.produce(self.inbox, key=key.encode(), value=json.dumps(body).encode(), headers=pairs)
        assert self.producer.flush(60) == 0

    def next(self, wanted: Any) -> tuple[bytes, str, dict[str, Any]]:
        """Key, type and body of the next event that is wanted; what readers skip is skipped."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            record: Any = self.consumer.poll(0.2)
            if record is None or record.error() or record.key() is None:
                continue
            headers = {name: content.decode() for name, content in record.headers() or []}
            key, version = record.key(), int(headers.get("ce_streamversion", 0))
            if crc32(key) % self.partitions != record.partition() or version != self.versions.get(key, version - 1) + 1:
                continue
            self.versions[key] = version
            if wanted(key, headers):
                return key, headers["ce_type"], json.loads(record.value())
        raise TimeoutError("the event did not come")


def main() -> None:
    """See above."""
    follower = Follower(sys.argv[1], json.load(sys.stdin))
    command = "foreign-1"
    agenda = {"customerId": "acme", "title": "by topic", "operations": [{"name": "x", "type": "t"}]}
    follower.publish("agendum.SubmitAgenda.v1", "any", command, agenda)

    run, kind, body = follower.next(lambda _, headers: headers.get(follower.correlation) == command)
    found = [kind]
    assert body["progress"]["id"] == run.decode()
    for number, state in enumerate(("EXECUTING", "COMPLETE")):
        operation = {"operation": "x", "processingState": state}
        report = {"id": run.decode(), "startedTime": 7, "processingState": state, "operationProgress": [operation]}
        follower.publish("agendum.ReportProgress.v1", run.decode(), f"{command}-{number}", {"agendaProgress": report})
    while body.get("progress", {}).get("processingState") != "COMPLETE":
        _, kind, body = follower.next(lambda key, _: key == run)
        found.append(kind)
    follower.consumer.close()
    json.dump({"run": run.decode(), "agenda": body.get("agendaId"), "events": found}, sys.stdout)


if __name__ == "__main__":
    main()
