"""deploy/helm/logboom: what helm makes of it, held against Kubernetes' schemas, the Pod Security Standard and logboom itself.
`make check-kubernetes` gives it to a real API server."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.settings import load
from counterparts.dockerfile import stages, values
from counterparts.helm_chart import CHART, Rendered, helm, misfits, rendered

ROOT = Path(__file__).parents[2]
OLDEST, NEWEST = "1.27.0", "1.37.0"
EVERYTHING: dict[str, Any] = {
    "replicas": 3,
    "env": [{"name": "ELASTICSEARCH_API_KEY", "valueFrom": {"secretKeyRef": {"name": "es", "key": "key"}}}],
    "envFrom": [{"secretRef": {"name": "more"}}],
    "config": {
        "exporters": {"sqlite": None, "elasticsearch": {"endpoint": "https://es:9200", "api_key": "${env:ELASTICSEARCH_API_KEY}"}},
        "service": {"pipelines": {"logs": {"exporters": ["elasticsearch"]}}},
    },
    "imagePullSecrets": [{"name": "pull"}],
    "volumes": [{"name": "ca", "secret": {"secretName": "ca"}}],
    "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
    "persistence": {"storageClass": "fast", "size": "20Gi"},
    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
    "networkPolicy": {"egress": [{"ports": [{"protocol": "TCP", "port": 9200}]}]},
    "podDisruptionBudget": {"maxUnavailable": "25%"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "serviceAccount": {"annotations": {"c": "d"}},
    "priorityClassName": "high",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "podAnnotations": {"e": "f"},
    "podLabels": {"g": "h"},
}  # fmt: skip
CASES: dict[str, dict[str, Any]] = {
    "gateway": {},
    "gateway with everything": EVERYTHING,
    "gateway, bare": {"networkPolicy": {"enabled": False}, "podDisruptionBudget": {"enabled": False}},
    "daemonset": {"mode": "daemonset"},
    "daemonset with everything": {**EVERYTHING, "mode": "daemonset"},
    "daemonset that reads the node's logs": yaml.safe_load((CHART / "pod-logs.yaml").read_text()),
    "gateway that reads events": {
        "rbac": {
            "create": True,
            "rules": [{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "watch"]}],
        },
        "config": {
            "receivers": {"k8s_events": {}},
            "service": {"pipelines": {"logs": {"receivers": ["otlp", "k8s_events"]}}},
        },
    },
    "daemonset without a disk": {"mode": "daemonset", "persistence": {"hostPath": ""}, "service": {"hostPorts": False}},
}


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schemas")


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Rendered]:
    return rendered(tmp_path_factory.mktemp("values"), CASES[request.param])


def pod(objects: Rendered) -> dict[str, Any]:
    [owner] = [one for one in objects.values() if one["kind"] in {"StatefulSet", "DaemonSet"}]
    spec: dict[str, Any] = owner["spec"]["template"]["spec"]
    return spec


def test_helm_has_nothing_against_it() -> None:
    """Its linter, strict, in both modes."""
    for mode in ("gateway", "daemonset"):
        done = helm("lint", "--strict", str(CHART), "--set", f"mode={mode}")
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_object_fits_the_oldest_and_the_newest_release(case: tuple[str, Rendered], schemas: Path) -> None:
    """No field that Kubernetes does not know; the Prometheus operator's object fits its definition."""
    assert [misfits(case[0], release, schemas) for release in (OLDEST, NEWEST)] == [[], []]
    assert f">={OLDEST}" in yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"]


def test_a_field_that_nobody_knows_is_found(tmp_path: Path, schemas: Path) -> None:
    """The schemas do refuse."""
    text, _ = rendered(tmp_path, {"serviceMonitor": {"enabled": True}})
    for old, new in (
        ("maxUnavailable:", "maxUnavailible:"),
        ("interval:", "intervall:"),
        ("serviceName:", "servicename:"),
    ):
        assert len(misfits(text.replace(old, new), NEWEST, schemas)) == 1


def test_the_configuration_in_it_is_right(case: tuple[str, Rendered]) -> None:
    """logboom loads it; SIGKILL comes later than what SIGTERM waits for."""
    [text] = [one["data"]["logboom.yaml"] for one in case[1].values() if one["kind"] == "ConfigMap"]
    settings = load([f"yaml:{text}"], environ={"ELASTICSEARCH_API_KEY": "k"})
    assert pod(case[1])["terminationGracePeriodSeconds"] > settings.service.processes.shutdown_timeout + 10
    listening = {int(a or b) for a, b in re.findall(r"0\.0\.0\.0:(\d+)|port: (\d+)", text)}
    [container] = pod(case[1])["containers"]
    assert listening == {port["containerPort"] for port in container["ports"]}


def reads_node(objects: Rendered) -> bool:
    """Whether it reads the node's logs, which are root's."""
    return any(volume["name"] == "pod-logs" for volume in pod(objects)["volumes"])


def test_it_is_restricted(case: tuple[str, Rendered]) -> None:
    """What the Pod Security Standard `restricted` asks of the container that stays; but for who reads the node's logs, it is nobody's root. A token
    is there for who has rights alone."""
    spec = pod(case[1])
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is not reads_node(case[1])
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is any(one["kind"] == "ClusterRole" for one in case[1].values())


def test_who_reads_the_node_reads_as_the_configuration_says(tmp_path: Path) -> None:
    """The values are config/kubernetes.yaml's; folders are mounted read-only; the data is of the user that writes it; it may ask for pods."""
    objects = rendered(tmp_path, CASES["daemonset that reads the node's logs"])[1]
    shipped = yaml.safe_load((ROOT / "config" / "kubernetes.yaml").read_text())
    written = yaml.safe_load(objects["ConfigMap/prod-logboom"]["data"]["logboom.yaml"])
    assert written["receivers"]["file_log"] == shipped["receivers"]["file_log"]
    assert written["exporters"] == shipped["exporters"]
    assert {name: each for name, each in written["processors"].items() if each} == shipped["processors"]
    assert written["service"]["pipelines"] == shipped["service"]["pipelines"]
    [container] = pod(objects)["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert all(mounts[path]["readOnly"] for path in ("/var/log/pods", "/var/lib/docker/containers"))
    assert "--owner=0" in pod(objects)["initContainers"][0]["command"]
    assert container["env"][0]["name"] == "K8S_NODE_NAME"
    role, binding = (objects[f"{kind}/observability-prod-logboom"] for kind in ("ClusterRole", "ClusterRoleBinding"))
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "prod-logboom", "namespace": "observability"}]
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert "secrets" not in str(role["rules"])


def test_image_and_chart_agree(case: tuple[str, Rendered]) -> None:
    """The user is the image's, the command its entry point's, the data directory its volume, the version the package's."""
    last = stages(ROOT / "deploy/container/Dockerfile")[-1]
    [container] = pod(case[1])["containers"]
    user = "0" if reads_node(case[1]) else values(last, "USER")[0]
    assert str(pod(case[1])["securityContext"]["runAsUser"]) == user
    assert container["args"] == yaml.safe_load(values(last, "CMD")[0])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert container["image"] == f"logboom:{version}"
    assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {values(last, "WORKDIR")[0], "/etc/logboom"}


def test_probes_ask_for_what_each_is_for(case: tuple[str, Rendered]) -> None:
    """Traffic follows `/ready`; only `/live` restarts, and not while it starts."""
    [container] = pod(case[1])["containers"]
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert asked == {
        "startup": {"path": "/live", "port": "health"},
        "liveness": {"path": "/live", "port": "health"},
        "readiness": {"path": "/ready", "port": "health"},
    }
    assert {"name": "health", "containerPort": 13133} in container["ports"]


def test_everything_selects_its_pods(case: tuple[str, Rendered]) -> None:
    """Services, policy, budget and monitor find what they are for."""
    [owner] = [one for one in case[1].values() if one["kind"] in {"StatefulSet", "DaemonSet"}]
    labels = owner["spec"]["template"]["metadata"]["labels"]
    for one in case[1].values():
        if one["kind"] in {"ServiceAccount", "ConfigMap", "ClusterRole", "ClusterRoleBinding", "PrometheusRule"}:
            continue
        spec = one["spec"]
        chosen = (
            spec["selector"]
            if one["kind"] == "Service"
            else (spec.get("podSelector") or spec["selector"])["matchLabels"]
        )
        if one["kind"] == "ServiceMonitor":
            found = [
                o
                for o in case[1].values()
                if o["kind"] == "Service" and chosen.items() <= o["metadata"]["labels"].items()
            ]
            assert [port["name"] for service in found for port in service["spec"]["ports"]].count("metrics") == 1
        else:
            assert chosen.items() <= labels.items(), one["kind"]


def test_the_rules_are_those_of_the_file(tmp_path: Path) -> None:
    """Their sentences have braces, which are Prometheus' and not helm's."""
    _, objects = rendered(tmp_path, {"prometheusRule": {"enabled": True, "labels": {"release": "p"}}})
    rule = objects["PrometheusRule/prod-logboom"]
    assert rule["metadata"]["labels"]["release"] == "p"
    assert rule["spec"] == yaml.safe_load((ROOT / "deploy" / "prometheus" / "logboom.rules.yaml").read_text())


def test_data_outlives_its_pod(tmp_path: Path) -> None:
    """A claim for each replica that is kept; a folder of the node that logboom's user owns before it starts."""
    stateful = rendered(tmp_path, {})[1]["StatefulSet/prod-logboom"]["spec"]
    assert [claim["metadata"]["name"] for claim in stateful["volumeClaimTemplates"]] == ["data"]
    assert set(stateful["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    spec = pod(rendered(tmp_path, {"mode": "daemonset"})[1])
    assert {"name": "data", "hostPath": {"path": "/var/lib/logboom", "type": "DirectoryOrCreate"}} in spec["volumes"]
    [first] = spec["initContainers"]
    assert first["command"] == [
        "install",
        "--directory",
        "--owner=10001",
        "--group=10001",
        "--mode=0700",
        "/var/lib/logboom",
    ]


def test_a_changed_configuration_is_a_rollout(tmp_path: Path) -> None:
    """And nothing else of the values is."""

    def checksum(**changed: Any) -> str:
        owner = rendered(tmp_path, changed)[1]["StatefulSet/prod-logboom"]
        return str(owner["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    assert (
        checksum() == checksum(replicas=2) != checksum(config={"processors": {"triage": {"store": {"debug": "drop"}}}})
    )


WRONG: dict[str, dict[str, Any]] = {
    "mode": {"mode": "deployment"},
    "unknown": {"replicaCount": 2},
    "nobody may send": {"networkPolicy": {"senders": []}},
    "shared volume": {"persistence": {"accessModes": ["ReadWriteMany"]}},
    "no pod may ever go": {"podDisruptionBudget": {"maxUnavailable": 0}},
    "a section that is none": {"config": {"exporter": {}}},
    "relative path": {"persistence": {"hostPath": "data"}},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_values_are_refused(wrong: str, tmp_path: Path) -> None:
    """Before anything is applied, by values.schema.json."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(WRONG[wrong]))
    done = helm("template", "prod", str(CHART), "--values", str(file))
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_the_readme_names_every_value() -> None:
    """At the first level; values.yaml says the rest."""
    text = (CHART / "README.md").read_text()
    assert [name for name in yaml.safe_load((CHART / "values.yaml").read_text()) if f"`{name}`" not in text] == []
