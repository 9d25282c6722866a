"""Events of a cluster reach the store once, whatever dies; what may not be read is told, and stops nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.testing.service import Service
from counterparts.followed_cluster import EVENTS, cluster, event, until

PODS = "/api/v1/pods"
READS = """
receivers:
  k8s_events: {{auth_type: none, endpoint: "{address}"}}
  k8s_objects: {{auth_type: none, endpoint: "{address}", objects: [{{name: pods, mode: watch}}]}}
service: {{pipelines: {{logs: {{receivers: [otlp, k8s_events, k8s_objects], processors: [categorize], exporters: [sqlite]}}}}}}
"""
SENT = "SELECT body FROM sent ORDER BY cast(body AS integer)"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_events_once_over_kills(tmp_path: Path) -> None:
    """Killed while events come, and told more while it is down, which the server keeps no more; pods are forbidden all the time."""
    with cluster() as api:
        api.refused[PODS] = 403
        with Service(tmp_path, READS.format(address=api.address)) as service:
            until(lambda: any(path == EVENTS and "watch" in asked for path, asked in api.asked))
            for number in range(30):
                api.put(EVENTS, event(number))
            until(lambda: service.stored() > 0)
            service.kill()
            for number in range(30, 50):
                api.put(EVENTS, event(number))
            api.break_off(forget=True)
            service.start()
            service.await_ready()
            service.await_rows(SENT, [(str(number),) for number in range(50)], 180)
            until(lambda: "k8s_objects pods can't be read" in str(service.health_body().get("degraded")))
            until(lambda: 'condition="source_unread"' in service.get("/metrics", service.metrics)[1])
            until(lambda: "is forbidden" in str(service.health_body().get("degraded")))
            told = "SELECT count(*) > 0 FROM logs WHERE event_name = 'logboom.service.source.unread'"
            service.await_rows(told, [(1,)], 180)
