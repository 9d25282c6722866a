"""Health tells three questions apart."""

from __future__ import annotations

import pytest

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


def test_a_machine_of_a_cluster_says_what_it_has() -> None:
    """And who has the rest; others say nothing of it."""
    body = Health(True, True, "ready", 0.0, owned=[2], owners={"one": [2], "two": [0, 1]}).answer("/")[1]
    assert body["cluster"] == {"partitions": [2], "owners": {"one": [2], "two": [0, 1]}}
    assert "cluster" not in Health(True, True, "ready", 0.0).answer("/")[1]
