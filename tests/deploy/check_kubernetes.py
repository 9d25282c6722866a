"""`make check-kubernetes`: a real API server takes what the chart renders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from counterparts.helm_chart import CHART, operator_definitions, rendered
from counterparts.kubernetes_server import Kubernetes

_LEVELS = ("enforce", "warn", "audit")
MONITORED: dict[str, Any] = {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}
VALUES: dict[str, dict[str, Any]] = {
    "gateway": {},
    "gateway, monitored": {**MONITORED, "replicas": 3, "podDisruptionBudget": {"maxUnavailable": "25%"}},
    "daemonset": {"mode": "daemonset"},
    "daemonset that reads the node's logs": yaml.safe_load((CHART / "pod-logs.yaml").read_text()),
    "daemonset, monitored": {**MONITORED, "mode": "daemonset", "persistence": {"hostPath": ""}},
}


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """With the namespaces `observability`, where anything goes, and `restricted`; with the Prometheus operator's resources."""
    with Kubernetes(tmp_path_factory.mktemp("kubernetes")) as server:
        for name in ("observability", "restricted"):
            assert server.kubectl("create", "namespace", name).returncode == 0
        labels = [f"pod-security.kubernetes.io/{level}=restricted" for level in _LEVELS]
        assert server.kubectl("label", "namespace", "restricted", *labels).returncode == 0
        for definition in operator_definitions():
            crd = server.kubectl("create", "--filename", str(definition))
            assert crd.returncode == 0, crd.stderr
            resource = definition.stem.rpartition("_")[2]
            found = server.kubectl("wait", "--for=condition=Established", f"crd/{resource}.monitoring.coreos.com")
            assert found.returncode == 0, found.stderr
        yield server


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", VALUES)
def test_the_server_takes_it(kubernetes: Kubernetes, tmp_path: Path, case: str) -> None:
    """Admission, defaulting and validation, without writing; unknown fields are errors."""
    text, objects = rendered(tmp_path, VALUES[case])
    done = kubernetes.kubectl(
        "apply",
        "--dry-run=server",
        "--validate=strict",
        "--namespace",
        "observability",
        "--filename",
        "-",
        manifests=text,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("(server dry run)") == len(objects)


@pytest.mark.timeout(3600)
def test_its_rights_are_those_that_are_needed(kubernetes: Kubernetes, tmp_path: Path) -> None:
    """With `rbac` its account may follow pods, what owns them, and events; nothing else, and write nothing."""
    text, _ = rendered(tmp_path, {"rbac": {"create": True}})
    done = kubernetes.kubectl("apply", "--namespace", "observability", "--filename", "-", manifests=text)
    assert done.returncode == 0, done.stderr

    def may(verb: str, what: str) -> str:
        whom = "--as=system:serviceaccount:observability:prod-logboom"
        return kubernetes.kubectl("auth", "can-i", verb, what, "--namespace", "shop", whom).stdout.strip()

    followed = ("pods", "namespaces", "nodes", "events", "events.events.k8s.io", "replicasets.apps", "cronjobs.batch")
    assert {may(verb, what) for verb in ("list", "watch") for what in followed} == {"yes"}
    assert {may(*asked) for asked in (("list", "secrets"), ("delete", "pods"), ("create", "events"))} == {"no"}


@pytest.mark.timeout(3600)
def test_a_wrong_one_is_refused(kubernetes: Kubernetes, tmp_path: Path) -> None:
    """What no schema knows: a probe's port that no container has is fine for a schema, a selector of other pods is not for a server."""
    text, _ = rendered(tmp_path, {})
    wrong = text.replace("  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: logboom", "  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: other")  # fmt: skip
    assert wrong != text
    done = kubernetes.kubectl(
        "apply", "--dry-run=server", "--namespace", "observability", "--filename", "-", manifests=wrong
    )
    assert done.returncode != 0
    assert "`selector` does not match template `labels`" in done.stderr


@pytest.mark.timeout(3600)
def test_the_gateway_may_run_where_pods_are_restricted(kubernetes: Kubernetes, tmp_path: Path) -> None:
    """The server judges its pod by the Pod Security Standard and has no warning; of the daemonset's it has."""

    def said(mode: str) -> str:
        text, _ = rendered(tmp_path, {"mode": mode})
        done = kubernetes.kubectl(
            "apply", "--dry-run=server", "--namespace", "restricted", "--filename", "-", manifests=text
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    assert said("gateway") == ""
    assert "would violate PodSecurity" in said("daemonset")


@pytest.mark.timeout(3600)
def test_an_upgrade_changes_what_can_be_changed(kubernetes: Kubernetes, tmp_path: Path) -> None:
    """Installed, then with other values: no field that stands in the way. The volume's size is fixed, as Kubernetes has it."""
    applied = ("apply", "--namespace", "observability", "--filename", "-")
    done = kubernetes.kubectl(*applied, manifests=rendered(tmp_path, {})[0])
    assert done.returncode == 0, done.stderr
    changed = {
        **MONITORED,
        "replicas": 2,
        "config": {"exporters": {"debug": {}}},
        "podLabels": {"a": "b"},
        "image": {"tag": "9"},
    }
    done = kubernetes.kubectl(*applied, manifests=rendered(tmp_path, changed)[0])
    assert done.returncode == 0, done.stderr
    assert "statefulset.apps/prod-logboom configured" in done.stdout
    done = kubernetes.kubectl(*applied, manifests=rendered(tmp_path, {"persistence": {"size": "1Gi"}})[0])
    assert "updates to statefulset spec" in done.stderr
