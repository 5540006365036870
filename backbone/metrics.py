"""Every figure the system exports: name, kind, labels, meaning. The documentation names them all.

Label values come from fixed sets (topics, groups, reasons, routes), never from what people sent.
"""

from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metric(NamedTuple):
    """One figure. Durations are in seconds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()


_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_DELAY = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
_SIZES = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)

RECORDS = Metric("webcare_records_total", "counter", ("group", "topic"), "Records handled and committed.")
BATCH_SIZE = Metric("webcare_batch_records", "histogram", ("group",), "Records of one batch.", _SIZES)
HANDLE_SECONDS = Metric(
    "webcare_handle_seconds", "histogram", ("group",), "How long a handler took for one batch.", _QUICK
)
LAG = Metric("webcare_lag_records", "gauge", ("group", "topic"), "Records appended and not handled yet.")
DEAD_LETTERS = Metric(
    "webcare_dead_letters_total", "counter", ("topic", "reason"), "Records of a topic that no handler can take."
)
RETRIES = Metric(
    "webcare_retries_total", "counter", ("group", "reason"), "Waits of a consumer for something that was away."
)
RUNNER_STATE = Metric(
    "webcare_runner_state",
    "gauge",
    ("group", "state"),
    "1 for the state a consumer is in: starting, running, waiting, stopped.",
)
MENTIONS = Metric(
    "webcare_mentions_total",
    "counter",
    ("outcome", "reason"),
    "Mentions by what became of them: received = refused + accepted; "
    "accepted = duplicates + edits + opened + folded + filtered + dead + still in flight.",
)
IN_FLIGHT = Metric(
    "webcare_in_flight_mentions",
    "gauge",
    (),
    "Mentions accepted and not dealt with yet, by the stores; below 0: something was counted twice.",
)
PAGES = Metric("webcare_pages_total", "counter", ("kind", "state"), "Pages that came into a state, by incident kind.")
INCIDENTS = Metric("webcare_incidents_total", "counter", ("kind", "state"), "Incidents that came into a state.")
TIME_TO_QUEUE = Metric(
    "webcare_time_to_queue_seconds", "histogram", (), "From a mention's acceptance until it can be claimed.", _DELAY
)
TIME_TO_PAGE = Metric(
    "webcare_time_to_page_seconds",
    "histogram",
    ("kind",),
    "From the first mention behind a page until a notifier accepted it.",
    _DELAY,
)
SHADOW_VERDICTS = Metric(
    "webcare_shadow_verdicts_total",
    "counter",
    ("head", "result"),
    "Verdicts that a second model gave too, by what of it is compared: same or changed.",
)
SHADOW_URGENCY = Metric(
    "webcare_shadow_urgency_total",
    "counter",
    ("present", "shadow"),
    "Mentions to which the second model gave another urgency.",
)
SHADOW_PAGES = Metric(
    "webcare_shadow_pages_total",
    "counter",
    ("change",),
    "Mentions that only the second model (gained) or only the present one (lost) calls critical.",
)
SHADOW_FAILURES = Metric("webcare_shadow_failures_total", "counter", (), "Batches that the second model failed on.")
MODEL_FAILURES = Metric(
    "webcare_model_failures_total",
    "counter",
    ("reason",),
    "Runs of a plugged-in model that failed; the shipped model judged alone.",
)
HTTP_REQUESTS = Metric("webcare_http_requests_total", "counter", ("method", "route", "status"), "Requests answered.")
HTTP_SECONDS = Metric("webcare_http_seconds", "histogram", ("route",), "How long an answer took.", _QUICK)
SSE_CLIENTS = Metric("webcare_sse_clients", "gauge", (), "Open live streams.")

CATALOGUE: tuple[Metric, ...] = (
    RECORDS,
    BATCH_SIZE,
    HANDLE_SECONDS,
    LAG,
    DEAD_LETTERS,
    RETRIES,
    RUNNER_STATE,
    MENTIONS,
    IN_FLIGHT,
    PAGES,
    INCIDENTS,
    TIME_TO_QUEUE,
    TIME_TO_PAGE,
    SHADOW_VERDICTS,
    SHADOW_URGENCY,
    SHADOW_PAGES,
    SHADOW_FAILURES,
    MODEL_FAILURES,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    SSE_CLIENTS,
)


class Metrics:
    """The figures of one process, registered with `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.records = _counter(RECORDS, registry)
        self.batch_size = _histogram(BATCH_SIZE, registry)
        self.handle_seconds = _histogram(HANDLE_SECONDS, registry)
        self.lag = _gauge(LAG, registry)
        self.dead_letters = _counter(DEAD_LETTERS, registry)
        self.retries = _counter(RETRIES, registry)
        self.runner_state = _gauge(RUNNER_STATE, registry)
        self.mentions = _counter(MENTIONS, registry)
        self.in_flight = _gauge(IN_FLIGHT, registry)
        self.pages = _counter(PAGES, registry)
        self.incidents = _counter(INCIDENTS, registry)
        self.time_to_queue = _histogram(TIME_TO_QUEUE, registry)
        self.time_to_page = _histogram(TIME_TO_PAGE, registry)
        self.shadow_verdicts = _counter(SHADOW_VERDICTS, registry)
        self.shadow_urgency = _counter(SHADOW_URGENCY, registry)
        self.shadow_pages = _counter(SHADOW_PAGES, registry)
        self.shadow_failures = _counter(SHADOW_FAILURES, registry)
        self.model_failures = _counter(MODEL_FAILURES, registry)
        self.http_requests = _counter(HTTP_REQUESTS, registry)
        self.http_seconds = _histogram(HTTP_SECONDS, registry)
        self.sse_clients = _gauge(SSE_CLIENTS, registry)


def _counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    return Counter(metric.name, metric.meaning, metric.labels, registry=registry)


def _gauge(metric: Metric, registry: CollectorRegistry) -> Gauge:
    return Gauge(metric.name, metric.meaning, metric.labels, registry=registry)


def _histogram(metric: Metric, registry: CollectorRegistry) -> Histogram:
    return Histogram(metric.name, metric.meaning, metric.labels, buckets=metric.buckets, registry=registry)
