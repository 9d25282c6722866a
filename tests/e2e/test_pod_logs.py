"""config/kubernetes.yaml on a node's logs: each line once, with its pod, container and restart, over rotations by the kubelet and kills."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from collector.testing.service import Service
from counterparts.followed_cluster import until
from counterparts.kubernetes_api import KubernetesApi, owned_by, pod
from counterparts.pod_logs import PIECE, ContainerLog

CONFIG = Path(__file__).parents[2] / "config" / "kubernetes.yaml"
WORDS = "SELECT body, resource FROM sent"
Line = tuple[str, str, str, str, str]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def expected(logs: Sequence[ContainerLog]) -> Counter[Line]:
    return Counter(
        (text, one.namespace, one.pod, one.name, str(restarts)) for one in logs for text, restarts in one.lines
    )


def stored(service: Service) -> Counter[Line]:
    """Line, namespace, pod, container, restart."""
    names = ("k8s.namespace.name", "k8s.pod.name", "k8s.container.name", "k8s.container.restart_count")
    rows = [(body, json.loads(resource)) for body, resource in service.rows(WORDS)]
    return Counter((body, *(str(resource.get(name)) for name in names)) for body, resource in rows)


def tree(root: Path) -> list[ContainerLog]:
    """Two containers of one pod, one of another namespace by Docker, one that restarts; and what logboom itself says."""
    return [
        ContainerLog(root, "shop", "web-5d9c-x", "11111111-aaaa", "main"),
        ContainerLog(root, "shop", "web-5d9c-x", "11111111-aaaa", "sidecar", "crio"),
        ContainerLog(root, "payments", "api-0", "22222222-bbbb", "api", "docker"),
        ContainerLog(root, "payments", "flaky", "33333333-cccc", "job"),
    ]


def write(logs: Sequence[ContainerLog], round_: str) -> None:
    for one in logs:
        long = "".join(f"{one.name} {round_} {number}," for number in range(10))
        assert len(long) > 2 * PIECE
        one.write(*(f"{one.pod} {one.name} {round_} {number}" for number in range(20)), long, "the same in all")


def configured(root: Path, api: KubernetesApi) -> str:
    """The file, with folders and addresses of the test's own, and a store in place of the gateway."""
    written = yaml.safe_load(CONFIG.read_text())
    files = written["receivers"]["file_log"]
    for name in ("include", "exclude"):
        files[name] = [path.replace("/var/log", str(root)) for path in files[name]]
    for protocol, listens in written["receivers"]["otlp"]["protocols"].items():
        listens["endpoint"] = f"127.0.0.1:@{protocol}@"
    written["extensions"]["health_check"]["endpoint"] = "127.0.0.1:@health@"
    written["processors"]["k8s_attributes"] |= {
        "auth_type": "none",
        "endpoint": api.address,
        "wait_for_metadata_timeout": "45s",
    }
    written["exporters"] = {"sqlite": {}}
    written["service"]["pipelines"]["logs"]["exporters"] = ["sqlite"]
    reader = {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": "@metrics@"}}}}
    written["service"] |= {
        "telemetry": {"metrics": {"readers": [reader]}}, "journal": {"max_bytes": "64MiB"},
        "ledger": {"max_bytes": "64MiB", "partitions": 1},
    }  # fmt: skip
    text = yaml.safe_dump(written, default_flow_style=False).replace("{", "{{").replace("}", "}}")
    text = text.replace("'@metrics@'", "{metrics}")
    return re.sub(r"@(\w+)@", r"{\1}", text)


def test_each_line_once_with_its_pod(tmp_path: Path) -> None:
    """Before it runs, while it runs, while it is down; renamed and packed in each of these."""
    root = tmp_path / "node"
    root.mkdir()
    logs = tree(root)
    own = ContainerLog(root, "observability", "prod-logboom-abc", "44444444-dddd", "logboom")
    labels = {"app.kubernetes.io/name": "shop-web"}
    with KubernetesApi() as api:
        api.put(
            "/api/v1/pods",
            pod("web-5d9c-x", uid="11111111-aaaa", labels=labels, ownerReferences=owned_by("StatefulSet", "web")),
        )
        write(logs, "before")
        own.write("nothing of this is taken")
        for one in logs[:2]:
            one.rotate()
            write([one], "rotated before")
            one.rotate()  # what was renamed first is packed by now
            write([one], "rotated again")
        with Service(tmp_path, config=configured(root, api), env={"K8S_NODE_NAME": "n1"}) as service:
            until(lambda: stored(service) == expected(logs))
            write(logs, "while it runs")
            logs[0].rotate()
            write(logs, "behind a rotation")
            logs[3].restart()
            write(logs, "behind a restart")
            until(lambda: stored(service) == expected(logs))
            write(logs, "killed")
            service.kill()
            for one in logs:
                if one.format != "docker":
                    one.rotate()
                write([one], "while it is down")
            logs[1].pack()
            service.start()
            service.await_ready()
            until(lambda: stored(service) == expected(logs))
            rows = service.rows("SELECT DISTINCT resource FROM sent WHERE body LIKE 'web%'")
            told = [json.loads(resource) for (resource,) in rows]
            assert {one["service.name"] for one in told} == {"shop-web"}
            assert {one["k8s.statefulset.name"] for one in told} == {"web"}
            assert {one["k8s.node.name"] for one in told} == {"n1"}
            assert service.rows("SELECT count(*) FROM sent WHERE body LIKE 'nothing%'") == [(0,)]
