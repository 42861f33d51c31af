"""Metrics that may be asked for twice, and traces that carry no query."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from kit import telemetry
from kit.settings import Settings

EXPORTER = any(one.name == "opentelemetry-exporter-otlp-proto-http" for one in distributions())
TRACED = """
import asyncio, json
import httpx
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from kit import telemetry
from kit.http import create_app
from kit.settings import Settings

memory = InMemorySpanExporter()
telemetry.start_tracing("review", SimpleSpanProcessor(memory))
app = create_app("review", Settings(service="review"))

@app.get("/people/{person}")
async def people(person: str) -> dict[str, str]:
    headers = {}
    telemetry.inject(headers)
    return headers

async def ask():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        return (await client.get("/people/7?q=zhang", headers={"traceparent": PARENT})).json()

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
passed_on = asyncio.run(ask())
(span,) = memory.get_finished_spans()
print(json.dumps({"name": span.name, "attributes": dict(span.attributes), "passed_on": passed_on}))
"""


def test_a_metric_is_made_once() -> None:
    one = telemetry.counter("fudao_test_made_once", "x", ("kind",))
    assert telemetry.counter("fudao_test_made_once", "x", ("kind",)) is one
    one.labels("a").inc(2)
    telemetry.gauge("fudao_test_depth", "x").set(7)
    shown = telemetry.exposition().decode()
    assert 'fudao_test_made_once_total{kind="a"} 2.0' in shown
    assert "fudao_test_depth 7.0" in shown


def test_off_without_an_endpoint() -> None:
    assert telemetry.setup(Settings(), "review") is False
    headers: dict[str, str] = {}
    telemetry.inject(headers)
    assert (headers, list(telemetry.temporal_interceptors())) == ({}, [])


def test_an_exporter_that_is_not_installed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    if EXPORTER:
        pytest.skip("the exporter is installed here")
    assert telemetry.setup(Settings(otlp_endpoint="http://127.0.0.1:1"), "review") is False
    assert "opentelemetry-exporter-otlp-proto-http" in capsys.readouterr().out


def test_spans_of_requests() -> None:
    """In a process of its own, since a tracer provider is for ever."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", TRACED], cwd=root, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["name"] == "GET /people/{person}"
    assert found["attributes"]["http.route"] == "/people/{person}"
    assert found["attributes"]["url.query"] == ""
    assert "zhang" not in done.stdout
    assert found["passed_on"]["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
