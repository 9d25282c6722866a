"""`service.telemetry` with the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Any

import pytest

from collector.settings.telemetry import TelemetryConfig

PROMETHEUS = {"pull": {"exporter": {"prometheus": {"host": "0.0.0.0", "port": 9000}}}}
PUSH = {
    "periodic": {
        "interval": 5000,
        "exporter": {"otlp": {"protocol": "http/protobuf", "endpoint": "http://localhost:4318"}},
    }
}

PULLS: dict[str, tuple[dict[str, Any], list[tuple[str, int]]]] = {
    "default": ({}, [("localhost", 8888)]),
    "level none": ({"level": "none"}, []),
    "a reader": ({"readers": [PROMETHEUS]}, [("0.0.0.0", 9000)]),
    "legacy address": ({"address": "0.0.0.0:8889"}, [("0.0.0.0", 8889)]),
    "legacy address of all interfaces": ({"address": ":8889"}, [("", 8889)]),
    "legacy address IPv6": ({"address": "[::1]:8889"}, [("::1", 8889)]),
    "only a push": ({"readers": [PUSH]}, []),
}


@pytest.mark.parametrize(("metrics", "expected"), PULLS.values(), ids=PULLS)
def test_where_metrics_are_served(metrics: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    """Host and port of every Prometheus endpoint."""
    assert TelemetryConfig.model_validate({"metrics": metrics}).metrics.prometheus() == expected


def test_push_readers_count_in_milliseconds() -> None:
    """The SDK's schema writes plain milliseconds; `5s` is taken too."""
    push = TelemetryConfig.model_validate({"metrics": {"readers": [PUSH]}}).metrics.periodic()
    assert (push[0].interval, push[0].timeout) == (5.0, 30.0)
    assert push[0].exporter.otlp is not None


def test_levels_are_read_in_any_case() -> None:
    """`INFO` and `Detailed` are met in the wild."""
    config = TelemetryConfig.model_validate(
        {"logs": {"level": "INFO"}, "metrics": {"level": "Detailed", "views": [{}]}}
    )
    assert (config.logs.level, config.metrics.level) == ("info", "detailed")


def test_resource_keeps_null() -> None:
    """Null removes an attribute that would be there by default."""
    assert TelemetryConfig.model_validate({"resource": {"service.instance.id": None}}).resource == {
        "service.instance.id": None
    }
