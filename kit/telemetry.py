"""Prometheus metrics (always) and OpenTelemetry tracing (only when FUDAO_OTLP_ENDPOINT is set).

Labels and span attributes are route templates, names of parts, statuses: nothing that points to a person.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

from kit.logging import get_logger
from kit.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from temporalio.client import Interceptor

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_active: list[TracerProvider] = []  # at most one: OpenTelemetry's provider is global to the process


@functools.cache
def counter(name: str, help_text: str, labels: tuple[str, ...] = ()) -> Counter:
    """The process's counter of that name, made at the first call."""
    return Counter(name, help_text, labels)


@functools.cache
def gauge(name: str, help_text: str, labels: tuple[str, ...] = ()) -> Gauge:
    """The process's gauge of that name, made at the first call."""
    return Gauge(name, help_text, labels)


@functools.cache
def histogram(
    name: str, help_text: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = _SECONDS
) -> Histogram:
    """The process's histogram of that name (seconds, unless told), made at the first call."""
    return Histogram(name, help_text, labels, buckets=buckets)


def observe_request(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """One HTTP request answered. `route` is the template, never the path."""
    counter("fudao_http_requests", "HTTP requests answered", ("service", "method", "route", "status")).labels(
        service, method, route, str(status)
    ).inc()
    histogram("fudao_http_request_seconds", "HTTP latency", ("service", "method", "route")).labels(
        service, method, route
    ).observe(seconds)


def exposition() -> bytes:
    """All metrics of this process in Prometheus' text format."""
    return generate_latest(REGISTRY)


def setup(settings: Settings, service: str) -> bool:
    """Switches tracing on when an endpoint is set; False (and a log line) when the exporter is not installed.

    FastAPI then makes a span for each request by itself; ServiceClient and Temporal pass the trace on.
    """
    if not settings.otlp_endpoint or _active:
        return bool(_active)
    try:
        exporters = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError:
        get_logger(__name__).warning("tracing_off", missing_package="opentelemetry-exporter-otlp-proto-http")
        return False
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
    start_tracing(service, BatchSpanProcessor(exporters.OTLPSpanExporter(endpoint=endpoint)))
    return True


def start_tracing(service: str, *processors: Any) -> None:
    """Installs the process's tracer provider with these span processors, URL queries cut out."""
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider

    class WithoutQuery(SpanProcessor):
        def on_start(self, span: Span, parent_context: Any = None) -> None:
            if span.attributes and "url.query" in span.attributes:
                span.set_attribute("url.query", "")  # people search by name

    provider = TracerProvider(resource=Resource.create({"service.name": f"fudao-{service}"}))
    for processor in (WithoutQuery(), *processors):
        provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    _active.append(provider)


def flush() -> None:
    """Sends what is buffered, at the end of a process; waits two seconds at most."""
    for provider in _active:
        provider.force_flush(2000)


def inject(headers: MutableMapping[str, str]) -> None:
    """Adds the current trace's headers to an outgoing call; nothing when tracing is off."""
    if _active:
        from opentelemetry import propagate

        propagate.inject(headers)


def temporal_interceptors() -> Sequence[Interceptor]:
    """What a Temporal client needs to pass traces through workflows; empty when tracing is off."""
    if not _active:
        return ()
    from temporalio.contrib.opentelemetry import TracingInterceptor

    return (TracingInterceptor(),)
