"""`make check-k8s-attributes`: the processor `k8s_attributes` follows a real API server, with the rights that its README asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.batch import LogBatch
from collector.component import Context, Helpers
from collector.testing.work import FakeWork
from counterparts.kubernetes_server import LOGBOOM, Kubernetes
from processors.k8s_attributes import FACTORY
from processors.k8s_attributes.processor import K8sAttributes

RIGHTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: logboom}
rules:
  - {apiGroups: [""], resources: [pods, namespaces, nodes], verbs: [get, list, watch]}
  - {apiGroups: [apps], resources: [replicasets], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: logboom}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: logboom}
subjects: [{kind: User, name: logboom, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {zone: eu}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d9c, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u1, controller: true}]}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "example/web:1.2"}]}}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d9c, uid: UID}]}
spec: {nodeName: n1, containers: [{name: main, image: "example/web:1.2"}]}
"""
_PATIENCE_SECS = 120.0


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """With a namespace, a node, a replica set and the rights."""
    with Kubernetes(tmp_path_factory.mktemp("kubernetes")) as server:
        run(server, "create", "namespace", "shop")
        run(server, "create", "--filename", "-", text=RIGHTS)
        yield server


def run(server: Kubernetes, *arguments: str, text: str = "") -> str:
    done = server.kubectl(*arguments, manifests=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(processor: K8sAttributes, **resource: str) -> dict[str, str]:
    done = processor.process(LogBatch.of({"body": [""]}, resource=resource), FakeWork())
    return dict(done.resource_attributes.select("key", "string").iter_rows())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_a_real_server_says_is_followed(kubernetes: Kubernetes, tmp_path: Path) -> None:
    """Listed, then watched: a new pod, another label, a deletion."""
    uid = run(
        kubernetes, "get", "replicaset", "web-5d9c", "--namespace", "shop", "--output", "jsonpath={.metadata.uid}"
    )
    run(kubernetes, "create", "--filename", "-", text=POD.replace("NAME", "first").replace("UID", uid))
    token = tmp_path / "token"
    token.write_text(LOGBOOM)
    authority = next(kubernetes.certificates().glob("*.crt"))
    options = {
        "endpoint": kubernetes.address, "token_file": str(token), "ca_file": str(authority), "wait_for_metadata": True,
        "wait_for_metadata_timeout": "45s", "pod_delete_grace_period": "0s",
        "extract": {
            "metadata": ["k8s.pod.name", "k8s.deployment.name", "k8s.node.name", "k8s.cluster.uid", "container.image.tag"],
            "labels": [{"tag_name": "app", "key": "app"}, {"key": "zone", "from": "node"}],
        },
        "pod_association": [{"sources": [{"from": "resource_attribute", "name": "k8s.pod.name"}, {"from": "resource_attribute", "name": "k8s.namespace.name"}]}],
    }  # fmt: skip
    helpers = Helpers()
    processor = FACTORY.create(
        FACTORY.config.model_validate(options), Context("k8s_attributes", Path(), helpers=helpers)
    )
    helpers.start()
    try:
        first = {"k8s.pod.name": "first", "k8s.namespace.name": "shop"}
        found = told(processor, **first)
        expected = {
            "k8s.deployment.name": "web",
            "k8s.node.name": "n1",
            "app": "web",
            "k8s.node.labels.zone": "eu",
            "container.image.tag": "1.2",
        }
        assert {key: found.get(key) for key in expected} == expected
        assert found["k8s.cluster.uid"]
        run(kubernetes, "create", "--filename", "-", text=POD.replace("NAME", "second").replace("UID", uid))
        until(lambda: "app" in told(processor, **{**first, "k8s.pod.name": "second"}))
        run(kubernetes, "label", "pod", "first", "--namespace", "shop", "--overwrite", "app=other")
        until(lambda: told(processor, **first).get("app") == "other")
        run(kubernetes, "delete", "pod", "first", "--namespace", "shop", "--grace-period=0", "--force")
        until(lambda: "app" not in told(processor, **first))
    finally:
        helpers.shutdown()
