"""What Prometheus is told."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Meters"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Meters:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        asked = ("model", "door")
        self.requests = Counter(
            "recurra_requests", "Requests answered.", (*asked, "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "recurra_request_seconds",
            "From the first byte to the answer.",
            asked,
            registry=self._registry,
            buckets=SECONDS,
        )
        self.rows = Histogram(
            "recurra_batch_rows",
            "Rows that a model was asked at once.",
            ("model",),
            registry=self._registry,
            buckets=ROWS,
        )
        self.in_flight = Gauge(
            "recurra_requests_in_flight", "Requests being answered.", registry=self._registry
        )
        self.sessions = Gauge(
            "recurra_sessions", "Sequences being read in pieces.", registry=self._registry
        )
        self.reloads = Counter(
            "recurra_reloads",
            "Models that changed on disk.",
            ("model", "outcome"),
            registry=self._registry,
        )

    def written(self) -> bytes:
        """Give all of it in the format of Prometheus."""
        written: bytes = generate_latest(self._registry)
        return written
