"""What operators watch of the inbox, in Prometheus' terms."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Gauges(Collector):
    """Commands under way, decided, rejected by reason, and how far behind each partition is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._under_way = Gauge("agendum_inbox_under_way", "Commands of the inbox under way", registry=registry)
        self._decided = Counter(
            "agendum_inbox_decided", "Commands of the inbox decided, by type", ["type"], registry=registry
        )
        self._rejected = Counter(
            "agendum_inbox_rejected", "Records of the inbox rejected, by reason", ["reason"], registry=registry
        )
        #: partition -> records not done yet, as of the last commit
        self.lag: dict[int, int] = {}
        registry.register(self)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """While a command is being asked for."""
        with self._under_way.track_inprogress():
            yield

    def decided(self, kind: str) -> None:
        """A command was decided."""
        self._decided.labels(kind).inc()

    def rejected(self, reason: str) -> None:
        """A record was rejected."""
        self._rejected.labels(reason).inc()

    def collect(self) -> Iterable[Metric]:
        """See prometheus_client."""
        lag = GaugeMetricFamily("agendum_inbox_lag_records", "Records of the inbox not done", labels=["partition"])
        for number, behind in self.lag.items():
            lag.add_metric([str(number)], behind)
        yield lag
