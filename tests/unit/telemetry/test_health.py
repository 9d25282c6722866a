"""Health tells three questions apart."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from collector.service.channel import Report
from collector.service.run import health
from collector.telemetry.health import Health

CASES = {
    "serving": (Health(True, True, "ready", 0.0), {"/": 200, "/ready": 200, "/live": 200}),
    "starting": (Health(False, True, "starting", 0.0), {"/": 503, "/ready": 503, "/live": 200}),
    "stopping": (Health(False, True, "stopping", 0.0), {"/": 503, "/ready": 503, "/live": 200}),
    "a child can't be restored": (Health(True, False, "ready", 0.0), {"/": 200, "/ready": 200, "/live": 503}),
    "an exporter is blocked": (
        Health(True, True, "ready", 0.0, ["exporter d1 is blocked: 401"]),
        {"/": 200, "/live": 200},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_answers(name: str) -> None:
    """Status by path; the reason of a degraded state stands in the body."""
    health, expected = CASES[name]
    assert {path: health.answer(path)[0] for path in expected} == expected
    assert health.answer("/")[1].get("degraded", []) == list(health.degraded)


def test_a_pipeline_that_rests_is_told_and_intake_stays_ready() -> None:
    """Which one, in which partition, and what it waits for."""
    worker = SimpleNamespace(
        start=SimpleNamespace(role="worker"), name="worker 0", ready=True,
        last_report=Report("ready", stats={"resting": {"pipeline logs of partition 0": "attempts/logs: No space left"}}),
    )  # fmt: skip
    ingest = SimpleNamespace(
        start=SimpleNamespace(role="ingest"), name="ingest 0", ready=True, last_report=Report("ready")
    )
    supervisor = SimpleNamespace(
        children={("ingest", 0): ingest, ("worker", 0): worker}, started=True, stopping=False, handing_over=False,
        hopeless=[], started_unix=0.0,
    )  # fmt: skip
    status, body = health(supervisor).answer("/ready")  # type: ignore[arg-type]
    assert (status, body["degraded"]) == (
        200, ["pipeline logs of partition 0 rests: attempts/logs: No space left"]
    )  # fmt: skip
