"""What operators watch, in Prometheus' terms; one registry per worker, made by the composition root."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from projections.table.holdings import Holdings

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)


class Lag(Protocol):
    """How far behind this worker is, as it was seen last (handlers.process.health)."""

    ends: dict[int, int]
    standby_lag: int


class Metrics:
    """Commands and requests as they happen; what the partitions hold is read when asked."""

    def __init__(self, holdings: Holdings, lag: Lag, now: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._commands = Histogram(
            "agendum_command_seconds",
            "Commands at their owner, by type and outcome",
            ["command", "outcome"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._requests = Counter(
            "agendum_http_requests", "Requests, by route and HTTP status", ["route", "status"], registry=self.registry
        )
        self._refused = Counter(
            "agendum_http_refused", "Requests without a caller, by reason", ["reason"], registry=self.registry
        )
        self._looks = Counter(
            "agendum_key_set_looks", "Looks at the issuer's key set, by outcome", ["outcome"], registry=self.registry
        )
        # What `labels` finds, because finding it costs more than counting does.
        self._histograms: dict[tuple[str, str], Histogram] = {}
        self._counters: dict[tuple[str, int], Counter] = {}
        self._due = Gauge(
            "agendum_timer_due", "Due at the last tick, by timed process", ["process"], registry=self.registry
        )
        self._done = Counter(
            "agendum_timer_done", "Commands carried out, by timed process", ["process"], registry=self.registry
        )
        self.registry.register(HoldingsCollector(holdings, lag, now))

    def command(self, name: str, outcome: str, seconds: float) -> None:
        """A command was decided."""
        histogram = self._histograms.get((name, outcome))
        if histogram is None:
            histogram = self._histograms[name, outcome] = self._commands.labels(name, outcome)
        histogram.observe(seconds)

    def request(self, route: str, status: int) -> None:
        """A request was answered."""
        counter = self._counters.get((route, status))
        if counter is None:
            counter = self._counters[route, status] = self._requests.labels(route, str(status))
        counter.inc()

    def refused(self, reason: str) -> None:
        """A request had no caller."""
        self._refused.labels(reason).inc()

    def key_set(self, outcome: str) -> None:
        """The issuer's key set was looked at."""
        self._looks.labels(outcome).inc()

    def timed(self, process: str, due: int, done: int) -> None:
        """A timed process found so much due, and did so much of it."""
        self._due.labels(process).set(due)
        self._done.labels(process).inc(done)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)


class HoldingsCollector(Collector):
    """Reads partitions and replicas when Prometheus asks."""

    def __init__(self, holdings: Holdings, lag: Lag, now: Callable[[], int]) -> None:
        self._holdings = holdings
        self._lag = lag
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """See prometheus_client."""
        yield from self._folds()
        yield from self._queues()
        holdings = self._holdings
        yield CounterMetricFamily("agendum_rebuilds", "Partitions rebuilt from the log", value=holdings.rebuilds)
        yield CounterMetricFamily(
            "agendum_rows_resent", "Rows sent again, buried in the changelog by another worker", value=holdings.resent
        )
        yield GaugeMetricFamily(
            "agendum_standby_lag_records", "Changelog records not in the standbys here", value=self._lag.standby_lag
        )
        owned = sum(holdings.owner(number) is not None for number in holdings.owned)
        yield GaugeMetricFamily("agendum_partitions_owned", "Partitions owned, provably", value=owned)

    def _folds(self) -> Iterator[Metric]:
        verdicts = CounterMetricFamily("agendum_records", "Records read, by verdict", labels=["partition", "verdict"])
        lag = GaugeMetricFamily("agendum_lag_records", "Records not folded yet", labels=["partition"])
        age = GaugeMetricFamily(
            "agendum_lag_seconds", "Age of the last record folded, if any lag", labels=["partition"]
        )
        unwritten = GaugeMetricFamily(
            "agendum_unwritten_records",
            "Records folded whose rows are not on disk; without any, rows that are sent again",
            labels=["partition"],
        )
        for number, writer in self._holdings.writers.items():
            unwritten.add_metric([str(number)], writer.behind)
        ends = self._lag.ends
        for number, partition in self._holdings.owned.items():
            for verdict, count in partition.verdicts.items():
                verdicts.add_metric([str(number), str(verdict)], count)
            behind = max(0, ends.get(number, 0) - partition.next)
            lag.add_metric([str(number)], behind)
            age.add_metric([str(number)], (self._now() - partition.timestamp) / 1000 if behind else 0)
        yield from (verdicts, lag, age, unwritten)

    def _queues(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily("agendum_ready", "Ready agendas, by Insight", labels=["insight"])
        oldest = GaugeMetricFamily("agendum_ready_age_seconds", "Age of the oldest ready agenda", labels=["insight"])
        found: dict[str, tuple[int, int]] = {}
        for partition in self._holdings.owned.values():
            for insight, (count, added) in partition.ready.depths().items():
                known = found.get(insight, (0, added))
                found[insight] = (known[0] + count, min(known[1], added))
        for insight, (count, added) in found.items():
            depth.add_metric([insight], count)
            oldest.add_metric([insight], (self._now() - added) / 1000)
        yield from (depth, oldest)
