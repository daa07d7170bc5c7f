"""The Faust app of a worker, and its one table: what they are told, and what is left to them (design 4.4)."""

from pathlib import Path
from typing import Any

import faust
import msgspec

from eventstore.topics import Topics
from projections.group.transport import Transport

#: How often the leader of the group looks at which partitions there are. A broker that just came back, or that its
#: controller took for dead for a moment, shows none: whoever joins then is given nothing, and the client's own default
#: would leave it at that for five minutes.
METADATA_SECONDS = 2.0


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker tells its group."""

    bootstrap: str
    topics: Topics
    #: where other workers reach this one: its internal listener
    url: str
    data: Path
    session: float = 10.0
    heartbeat: float = 1.0
    rebalance: float = 10.0
    standbys: int = 1


def app_of(settings: GroupSettings) -> Any:
    """The app, which has joined nothing yet; its `hooks` are to be set before it starts."""
    topics = settings.topics
    app = faust.App(
        topics.prefix,
        broker=";".join(f"kafka://{server}" for server in settings.bootstrap.split(",")),
        store="rocksdb://",
        datadir=str(settings.data),
        canonical_url=settings.url,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=topics.partitions,
        table_standby_replicas=settings.standbys,
        recovery_consistency_check=False,
        broker_session_timeout=settings.session,
        broker_heartbeat_interval=settings.heartbeat,
        broker_rebalance_timeout=settings.rebalance,
        broker_request_timeout=max(settings.session, 10.0),
        # Nothing is fetched through the group's consumer, which must not be taken for an idle one.
        broker_max_poll_interval=1e9,
        consumer_max_fetch_size=64 << 10,
        consumer_metadata_max_age_ms=int(METADATA_SECONDS * 1000),
        key_serializer="raw",
        value_serializer="raw",
    )
    app.transport = Transport(app.conf.broker_consumer, app)
    return app


def table_of(app: Any, topics: Topics) -> Any:
    """The table `views` of an app."""
    return app.Table("views", key_type=bytes, value_type=bytes, partitions=topics.partitions)
