"""Each private name of Faust and aiokafka in use, so that an upgrade fails loudly (projections/group/transport.py)."""

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiokafka.consumer.group_coordinator as coordinator
import faust
import pytest
from aiokafka.producer.sender import Sender
from faust.stores import rocksdb
from faust.tables.recovery import Recovery
from faust.transport import consumer
from faust.transport.drivers import aiokafka as driver

from projections.group.disk import DiskOptions
from projections.store import RocksStore
from projections.table.replica import POSITION

ROOT = Path(__file__).parents[2]
#: Private names that are not ours, by module; a new one needs its test here.
FOREIGN = {
    "eventstore/kafka/fetched.py": {"_consumer_record"},  # tests/contract/test_fetched
    "eventstore/kafka/renewed.py": {"_sender"},
    "projections/group/group.py": {"_thread", "_consumer", "_coordinator"},
    "projections/group/transport.py": {"_ensure_consumer", "_coordinator", "_send_req", "_db_for_partition"},
    # aiohttp's; tests/integration/isolation/test_doors.py shows what they are for.
    "handlers/process/discretion.py": {"_loop", "_kwargs"},
}
#: Private names of another class of ours.
OURS = {"eventstore/kafka/sieve.py": {"_consumer"}}


def made_here(tree: ast.Module) -> Iterator[str]:
    """Names that a module gives to something itself."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                yield name
            case ast.Attribute(ast.Name("self"), attr, ast.Store()):
                yield attr
            case ast.Name(name, ast.Store()):
                yield name


def borrowed(tree: ast.Module) -> set[str]:
    """Private attributes that a module uses and does not make."""
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    return private - {*made_here(tree)} - {"_exit"}


def test_no_private_name_of_others_is_used_that_has_no_test() -> None:
    modules = [
        path for part in ("eventstore", "projections", "handlers", "compose") for path in (ROOT / part).rglob("*.py")
    ]
    found = {str(path.relative_to(ROOT)): borrowed(ast.parse(path.read_text())) for path in modules}
    assert {name: names for name, names in found.items() if names} == {**FOREIGN, **OURS}
    assert borrowed(ast.parse("class A:\n    def f(self):\n        self.mine._theirs = self._x = 1\n")) == {"_theirs"}


def test_the_consumer_of_a_thread_is_there_once_it_has_started() -> None:
    source = inspect.getsource(driver.AIOKafkaConsumerThread._ensure_consumer)
    assert "return self._consumer" in source
    assert "raise ConsumerNotStarted" in source


def test_a_producer_that_is_abandoned_is_stopped_by_the_task_of_its_sender() -> None:
    assert "self._sender = Sender(" in inspect.getsource(aiokafka_producer().__init__)
    assert isinstance(Sender.sender_task, property)
    assert "create_task(self._sender_routine())" in inspect.getsource(Sender)


def aiokafka_producer() -> Any:
    from aiokafka import AIOKafkaProducer

    return AIOKafkaProducer


def test_the_versions_are_those_that_were_read() -> None:
    assert version("faust-streaming") == "0.15.3"
    assert version("aiokafka") == "0.14.0"


def test_the_consumer_makes_its_thread_in_one_method() -> None:
    assert "self._thread = self._new_consumer_thread()" in inspect.getsource(consumer.ThreadDelegateConsumer)
    assert "AIOKafkaConsumerThread(" in inspect.getsource(driver.Consumer._new_consumer_thread)


def test_the_fetcher_reads_through_one_method_of_the_consumer() -> None:
    assert "consumer._drain_messages(self)" in inspect.getsource(consumer.Fetcher)


def test_the_thread_keeps_aiokafkas_consumer_and_starts_it_before_any_subscription() -> None:
    source = inspect.getsource(driver.AIOKafkaConsumerThread.on_start)
    assert "self._consumer = self._create_consumer(" in source
    assert "await self._consumer.start()" in source
    assert "subscribe" not in source


def test_heartbeats_go_through_send_req_and_are_told_apart_by_name() -> None:
    source = inspect.getsource(coordinator.GroupCoordinator._do_heartbeat)
    assert "request = HeartbeatRequest(" in source
    assert "self._send_req(request)" in source
    assert coordinator.HeartbeatRequest.__name__.startswith("Heartbeat")


def test_the_coordinator_can_be_asked_what_ended_it() -> None:
    assert callable(coordinator.GroupCoordinator.check_errors)
    assert "_coordinator" in inspect.getsource(aiokafka_start())


def aiokafka_start() -> Any:
    from aiokafka import AIOKafkaConsumer

    return AIOKafkaConsumer.start


@pytest.mark.parametrize("name", ["highwaters", "earliest_offsets", "seek_wait", "perform_seek", "resume_partitions"])
def test_recovery_and_resumption_go_through_methods_that_are_overridden(name: str) -> None:
    assert callable(getattr(driver.Consumer, name))
    assert f"consumer.{name}" in inspect.getsource(Recovery)


def test_without_highwaters_there_is_nothing_to_recover(tmp_path: Path) -> None:
    app: Any = faust.App("contract", store="memory://", datadir=str(tmp_path))
    app.tables.recovery.active_highwaters.clear()
    assert not app.tables.recovery.need_recovery()


def test_the_store_opens_a_partitions_database_in_raw_mode_by_one_method() -> None:
    assert rocksdb.Store.offset_key == POSITION
    assert list(inspect.signature(rocksdb.Store._db_for_partition).parameters) == ["self", "partition"]
    assert "raw_mode=True" in inspect.getsource(rocksdb.RocksDBOptions.as_options)


def test_the_store_opens_its_databases_by_the_options_that_it_is_given(tmp_path: Path) -> None:
    class Noted(DiskOptions):
        opened = 0

        def as_options(self) -> Any:
            Noted.opened += 1
            return super().as_options()

    app: Any = faust.App("contract", store="rocksdb://", datadir=str(tmp_path))
    files = app.Table("views", key_type=bytes, value_type=bytes, partitions=1).data
    files.rocksdb_options = Noted()
    Path(files.partition_path(0)).parent.mkdir(parents=True, exist_ok=True)
    store = RocksStore(files._db_for_partition(0))
    assert Noted.opened
    store.write([(b"h\0a", b"1")])
    assert (store.get(b"h\0a"), store.get(b"h\0b")) == (b"1", None)
    store.release()


def test_a_revoked_database_is_closed_by_forgetting_it() -> None:
    assert "self._dbs.pop(tp.partition, None)" in inspect.getsource(rocksdb.Store.revoke_partitions)


def test_the_tables_changelog_has_the_name_that_topics_give_it(tmp_path: Path) -> None:
    app = faust.App("prefix", store="memory://", datadir=str(tmp_path))
    table = app.Table("views", key_type=bytes, value_type=bytes, partitions=1)
    assert table.changelog_topic.get_topic_name() == "prefix-views-changelog"
