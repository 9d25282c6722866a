"""`make check-k8s-receivers`: `k8s_events` and `k8s_objects` read a real API server, with the rights that their READMEs ask for, and are killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.testing.service import Service
from counterparts.followed_cluster import until
from counterparts.kubernetes_server import LOGBOOM, Kubernetes

RIGHTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: logboom}
rules:
  - {apiGroups: ["", events.k8s.io], resources: [events], verbs: [get, list, watch]}
  - {apiGroups: [""], resources: [configmaps, namespaces], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: logboom}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: logboom}
subjects: [{kind: User, name: logboom, apiGroup: rbac.authorization.k8s.io}]
"""
SECRETS = RIGHTS.replace("configmaps, namespaces", "configmaps, namespaces, secrets").partition("---")[0]
READS = """
receivers:
  k8s_events: {{endpoint: "{address}", token_file: "{token}", ca_file: "{authority}", namespaces: [shop]}}
  k8s_objects:
    endpoint: "{address}"
    token_file: "{token}"
    ca_file: "{authority}"
    objects:
      - {{name: events, group: events.k8s.io, mode: watch, namespaces: [shop]}}
      - {{name: configmaps, mode: watch, namespaces: [shop]}}
      - {{name: namespaces, mode: pull}}
      - {{name: secrets, mode: watch, namespaces: [shop]}}
      - {{name: widgets, mode: watch}}
service: {{pipelines: {{logs: {{receivers: [otlp, k8s_events, k8s_objects], processors: [categorize], exporters: [sqlite]}}}}}}
"""


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """With a namespace and the rights."""
    with Kubernetes(tmp_path_factory.mktemp("kubernetes")) as server:
        run(server, "create", "namespace", "shop")
        run(server, "create", "--filename", "-", text=RIGHTS)
        yield server


def run(server: Kubernetes, *arguments: str, text: str = "") -> str:
    done = server.kubectl(*arguments, manifests=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


def events(server: Kubernetes, numbers: range) -> None:
    """So many, by one call."""
    made = [
        {
            "kind": "Event", "apiVersion": "v1", "metadata": {"name": f"e{number}", "namespace": "shop"}, "message": f"event {number}",
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": "shop"}, "type": "Warning", "reason": "BackOff", "count": 2,
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "source": {"component": "kubelet", "host": "n1"},
        }
        for number in numbers
    ]  # fmt: skip
    run(server, "create", "--filename", "-", text=json.dumps({"kind": "List", "apiVersion": "v1", "items": made}))


def told(service: Service, receiver: str) -> list[Any]:
    """Bodies of what a receiver took, by its scope."""
    scope = f"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/{receiver}"
    return [
        json.loads(body) if body.startswith("{") else body
        for (body,) in service.rows(f"SELECT body FROM sent WHERE scope_name = '{scope}'")
    ]


def changed(service: Service, kind: str) -> list[tuple[str, str]]:
    """(what happened, name) of objects of a kind."""
    found = [
        one
        for one in told(service, "k8sobjectsreceiver")
        if isinstance(one, dict) and "object" in one and one["object"]["kind"] == kind
    ]
    return sorted((one["type"], one["object"]["metadata"]["name"]) for one in found)


def test_each_change_once_over_kills(kubernetes: Kubernetes, tmp_path: Path) -> None:
    """Killed while events come; told more while it is down; forgotten by the server; what may not be read comes when it may."""
    token = tmp_path / "token"
    token.write_text(LOGBOOM)
    authority = next(kubernetes.certificates().glob("*.crt"))
    reads = READS.format(address=kubernetes.address, token=token, authority=authority)
    events(kubernetes, range(900, 910))  # before it was there
    with Service(tmp_path, reads) as service:
        until(
            lambda: (
                {"kube-system", "shop"}
                <= {one["metadata"]["name"] for one in told(service, "k8sobjectsreceiver") if "object" not in one}
            )
        )
        until(
            lambda: all(
                word in str(service.health_body().get("degraded"))
                for word in ("k8s_objects secrets in shop", "403", "no widgets")
            )
        )
        until(lambda: (tmp_path / "data").exists() and _began(kubernetes, service))
        service.kill()
        events(kubernetes, range(100, 150))
        run(kubernetes, "create", "configmap", "kept", "--namespace", "shop")
        service.start()
        service.await_ready()
        until(lambda: ("ADDED", "kept") in changed(service, "ConfigMap"))
        service.kill()
        events(kubernetes, range(150, 200))
        run(kubernetes, "label", "configmap", "kept", "--namespace", "shop", "a=b")
        kubernetes.forget()
        run(kubernetes, "replace", "--filename", "-", text=SECRETS)
        service.start()
        service.await_ready()
        expected = [*(f"event {number}" for number in range(100, 200)), "probe"]
        until(lambda: len(told(service, "k8seventsreceiver")) >= len(expected))
        until(lambda: "secrets" not in str(service.health_body().get("degraded")))
        run(kubernetes, "delete", "configmap", "kept", "--namespace", "shop")
        until(lambda: ("DELETED", "kept") in changed(service, "ConfigMap"))
        until(lambda: len(changed(service, "Event")) >= len(expected))
        assert sorted(told(service, "k8seventsreceiver")) == sorted(expected)
        named = sorted([("ADDED", f"e{number}") for number in range(100, 200)] + [("ADDED", "probe")])
        assert changed(service, "Event") == named
        assert [kind for kind, name in changed(service, "ConfigMap") if name == "kept"].count("DELETED") == 1
        assert len([one for one in changed(service, "ConfigMap") if one[1] == "kept"]) == 3
        severity = service.rows("SELECT DISTINCT severity_text FROM sent WHERE body LIKE 'event %'")
        assert severity == [("Warning",)]


def _began(server: Kubernetes, service: Service) -> bool:
    """It has taken an event: what comes from now on is its."""
    if not told(service, "k8seventsreceiver") and "probe" not in run(
        server, "get", "events", "--namespace", "shop", "--output", "name"
    ):
        probe = {
            "kind": "Event", "apiVersion": "v1", "metadata": {"name": "probe", "namespace": "shop"}, "message": "probe",
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": "shop"},
        }  # fmt: skip
        run(server, "create", "--filename", "-", text=json.dumps(probe))
    return bool(told(service, "k8seventsreceiver")) and bool(changed(service, "Event"))
