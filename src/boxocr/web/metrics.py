"""The metrics at ``/metrics``, in Prometheus's format."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from boxocr.answering.attempts import Attempt, observe
from boxocr.answering.services import Services
from boxocr.process.stages import Stage
from boxocr.web.request_log import outcome_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Buckets of histograms, in seconds: from a box on a cached page to the longest time that a page may take.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 100)

_CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1)

# Combinations of languages that have their own series. Projects choose languages, and a series is never removed.
_MAX_LANGUAGES = 50


S = TypeVar("S", Counter, Histogram)


@lru_cache(maxsize=1000)
def _of(metric: S, *labels: str) -> S:
    """The series of a metric with these labels. Cached: the client's own lookup is slow."""
    return metric.labels(*labels)


class Metrics:
    """Counters and histograms, in a registry of their own.

    Args:
        services: provide the state of the queue, the readers and the caches at each scrape.
    """

    def __init__(self, services: Services) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry

        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"boxocr_{name}", says, labels, registry=registry)

        def histogram(name: str, says: str, *labels: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
            return Histogram(f"boxocr_{name}", says, labels, buckets=buckets, registry=registry)

        self._requests = counter("requests_total", "Requests answered.", "endpoint", "outcome")
        self._request_seconds = histogram("request_seconds", "Time to answer a request.", "endpoint")
        self._regions = counter("regions_total", "Regions and whole pages that were to be read.", "outcome")
        self._stages = histogram("stage_seconds", "Time of a region's stages.", "stage")
        self._readings = counter("readings_total", "Texts that were read.", "engine", "languages")
        self._confidence = histogram("confidence", "How sure the engine was, 0 to 1.", buckets=_CONFIDENCES)
        self._page_lookups = counter("page_cache_lookups_total", "Pages looked for in the cache.", "found")
        self._reading_lookups = counter("reading_cache_lookups_total", "Readings looked for in the cache.", "found")
        self._languages: set[str] = set()
        for stage in Stage:
            self._stages.labels(stage)
        for lookups in (self._page_lookups, self._reading_lookups):
            for found in ("yes", "no"):
                lookups.labels(found)
        self._registry.register(_State(services))
        ProcessCollector(namespace="boxocr", registry=self._registry)
        services.at_close(observe(self._observe))

    def answered(self, endpoint: str, outcome: str, seconds: float) -> None:
        """Count a request.

        Args:
            endpoint: the request's URL rule, or ``other`` for unknown paths.
            outcome: ``ok`` or an error's code.
            seconds: duration.
        """
        _of(self._requests, endpoint, outcome).inc()
        _of(self._request_seconds, endpoint).observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)

    def _observe(self, attempt: Attempt) -> None:
        _of(self._regions, outcome_of(attempt)).inc()
        for stage, seconds in attempt.stages.items():
            _of(self._stages, stage).observe(seconds)
        reading = attempt.reading
        if reading is not None or attempt.crop is not None:
            _of(self._page_lookups, "no" if Stage.FETCH in attempt.stages else "yes").inc()
            _of(self._reading_lookups, "no" if Stage.READ in attempt.stages else "yes").inc()
        if reading is not None and reading.text:
            _of(self._readings, reading.engine, self._known(reading.languages)).inc()
            self._confidence.observe(reading.confidence)

    def _known(self, languages: str) -> str:
        if languages not in self._languages and len(self._languages) >= _MAX_LANGUAGES:
            return "other"
        self._languages.add(languages)
        return languages


class _State(Collector):
    """Gauges whose values are read at each scrape."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        readers, pages, readings = self._services.readers, self._services.pages, self._services.readings
        yield GaugeMetricFamily("boxocr_queue_length", "Jobs that wait for a reader.", readers.waiting)
        yield GaugeMetricFamily("boxocr_readers_alive", "Reader processes.", len(readers.processes()))
        yield CounterMetricFamily(
            "boxocr_readers_restarted", "Readers lost to a deadline or a crash, and replaced.", readers.replaced
        )
        decoders = pages.decoders
        yield GaugeMetricFamily("boxocr_decoders_alive", "Processes that decode images.", decoders.alive)
        yield CounterMetricFamily(
            "boxocr_decoders_restarted",
            "Processes that decode images lost to a deadline or a crash, and replaced.",
            decoders.replaced,
        )
        yield GaugeMetricFamily("boxocr_page_cache_bytes", "Decoded pages kept.", pages.kept_bytes)
        yield GaugeMetricFamily("boxocr_reading_cache_readings", "Readings kept.", len(readings))
