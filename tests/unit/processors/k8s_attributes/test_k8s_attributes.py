"""`k8s_attributes` in front of an API server of the documented shape."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch, concat
from collector.component import Context, Helpers
from collector.reserved import CONNECTION
from collector.testing.work import FakeWork
from counterparts.kubernetes_api import KubernetesApi, owned_by, pod
from processors.k8s_attributes import FACTORY
from processors.k8s_attributes.extraction import cron_job_of, deployment_of, image_parts
from processors.k8s_attributes.processor import K8sAttributes

PODS, SETS, NAMESPACES = "/api/v1/pods", "/apis/apps/v1/replicasets", "/api/v1/namespaces"
BY_UID = {"pod_association": [{"sources": [{"from": "resource_attribute", "name": "k8s.pod.uid"}]}]}
_PATIENCE_SECS = 60.0


@contextmanager
def following(api: KubernetesApi, **options: Any) -> Iterator[K8sAttributes]:
    """The processor, once it was told of everything."""
    helpers = Helpers()
    given = {
        "auth_type": "none",
        "endpoint": api.address,
        "wait_for_metadata": True,
        "wait_for_metadata_timeout": "45s",
        **options,
    }
    processor = FACTORY.create(FACTORY.config.model_validate(given), Context("k8s_attributes", Path(), helpers=helpers))
    helpers.start()
    try:
        yield processor
    finally:
        helpers.shutdown()


def told(processor: K8sAttributes, **resource: str) -> dict[str, str]:
    """The attributes of one resource behind the processor."""
    done = processor.process(LogBatch.of({"body": [""]}, resource=resource), FakeWork())
    rows = done.resource_attributes.select("key", "string").iter_rows()
    return dict(rows)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what a watch brings."""
    deadline = time.monotonic() + _PATIENCE_SECS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_address_of_a_request_tells_the_pod() -> None:
    """By default; what a resource says itself stays, and what the door wrote goes."""
    with KubernetesApi() as api:
        api.put(
            SETS,
            {"metadata": {"name": "web-5d9c", "uid": "uid-web-5d9c", "ownerReferences": owned_by("Deployment", "web")}},
        )
        for name, ip in (("web-5d9c-1", "10.0.0.1"), ("db-0", "10.0.0.2"), ("x", "10.0.0.3")):
            owner = owned_by("ReplicaSet", "web-5d9c") if name.startswith("web") else []
            api.put(PODS, pod(name, ip, ownerReferences=owner))
        with following(api) as processor:
            assert told(processor, **{CONNECTION: "10.0.0.1", "k8s.node.name": "mine", "k8s.pod.name": ""}) == {
                "k8s.pod.name": "web-5d9c-1", "k8s.pod.uid": "uid-web-5d9c-1", "k8s.namespace.name": "shop", "k8s.node.name": "mine",
                "k8s.deployment.name": "web", "k8s.pod.start_time": "2026-01-01T00:00:00Z",
            }  # fmt: skip
            assert told(processor, **{CONNECTION: "10.9.9.9", "a": "b"}) == {"a": "b"}
            assert told(processor, **{"k8s.pod.ip": "10.0.0.2"})["k8s.pod.name"] == "db-0"
            assert told(processor, **{"host.name": "10.0.0.2"})["k8s.pod.name"] == "db-0"
            assert told(processor, **{"host.name": "a-host"}) == {"host.name": "a-host"}
            resources = [{CONNECTION: f"10.0.0.{n}"} for n in (1, 2, 3, 1)]
            batch = concat([LogBatch.of({"body": ["", ""]}, resource=one) for one in resources])
            done = processor.process(batch, FakeWork())
            assert done.resource_attribute("k8s.pod.name").to_list()[::2] == ["web-5d9c-1", "db-0", "x", "web-5d9c-1"]


def test_what_changes_is_followed_over_everything_that_breaks() -> None:
    """New pods, an address that goes from one pod to the next, deleted pods, broken watches, versions that the server keeps no more."""
    with KubernetesApi() as api:
        api.put(PODS, pod("a", "10.0.0.1"))
        with following(api, pod_delete_grace_period="0s") as processor:
            assert told(processor, **{CONNECTION: "10.0.0.1"})["k8s.pod.name"] == "a"
            api.put(PODS, pod("b", "10.0.0.1", status={"startTime": "2026-01-02T00:00:00Z", "podIP": "10.0.0.1"}))
            until(lambda: told(processor, **{CONNECTION: "10.0.0.1"}).get("k8s.pod.name") == "b")
            api.put(PODS, pod("a", "10.0.0.1", labels={"late": "news"}))
            api.put(PODS, pod("c", "10.0.0.3"))
            until(lambda: "k8s.pod.name" in told(processor, **{CONNECTION: "10.0.0.3"}))
            assert told(processor, **{CONNECTION: "10.0.0.1"})["k8s.pod.name"] == "b"
            api.break_off()
            api.put(PODS, pod("d", "10.0.0.4"))
            until(lambda: "k8s.pod.name" in told(processor, **{CONNECTION: "10.0.0.4"}))
            api.break_off(forget=True)
            api.put(PODS, pod("e", "10.0.0.5"))
            until(lambda: "k8s.pod.name" in told(processor, **{CONNECTION: "10.0.0.5"}))
            api.delete(PODS, "uid-e")
            until(lambda: "k8s.pod.name" not in told(processor, **{CONNECTION: "10.0.0.5"}))


def test_a_pod_that_is_gone_is_remembered_for_a_while() -> None:
    """Records come late."""
    with KubernetesApi() as api:
        api.put(PODS, pod("a", "10.0.0.1"))
        with following(api) as processor:
            assert told(processor, **{CONNECTION: "10.0.0.1"})["k8s.pod.name"] == "a"
            api.delete(PODS, "uid-a")
            api.put(PODS, pod("b", "10.0.0.2"))
            until(lambda: "k8s.pod.name" in told(processor, **{CONNECTION: "10.0.0.2"}))
            assert told(processor, **{CONNECTION: "10.0.0.1"})["k8s.pod.name"] == "a"


def test_associations_need_all_of_their_sources() -> None:
    """The first that the resource has all of decides, whether there is such a pod or not."""
    associations = [
        {"sources": [{"from": "resource_attribute", "name": "k8s.pod.name"}, {"from": "resource_attribute", "name": "k8s.namespace.name"}]},
        {"sources": [{"from": "resource_attribute", "name": "container.id"}]},
        {"sources": [{"from": "resource_attribute", "name": "team"}]},
        {"sources": [{"from": "connection"}]},
    ]  # fmt: skip
    with KubernetesApi() as api:
        statuses = {"containerStatuses": [{"name": "main", "containerID": "containerd://abc", "restartCount": 0}]}
        api.put(PODS, pod("a", "10.0.0.1", labels={"team": "blue"}, status={**statuses, "podIP": "10.0.0.1"}))
        api.put(PODS, pod("host", "10.0.0.9", spec={"hostNetwork": True}))
        extract = {"metadata": ["k8s.pod.uid"], "labels": [{"tag_name": "team", "key": "team"}]}
        with following(api, pod_association=associations, extract=extract) as processor:
            assert told(processor, **{"k8s.pod.name": "a", "k8s.namespace.name": "shop"})["k8s.pod.uid"] == "uid-a"
            assert "k8s.pod.uid" not in told(
                processor, **{"k8s.pod.name": "z", "k8s.namespace.name": "shop", CONNECTION: "10.0.0.1"}
            )
            assert told(processor, **{"k8s.pod.name": "z", CONNECTION: "10.0.0.1"})["k8s.pod.uid"] == "uid-a"
            assert told(processor, **{"container.id": "abc"})["k8s.pod.uid"] == "uid-a"
            assert told(processor, team="blue")["k8s.pod.uid"] == "uid-a"
            assert told(processor, **{CONNECTION: "10.0.0.9"}) == {}


def test_labels_annotations_and_owners() -> None:
    """Of pods, namespaces, nodes and workloads; by name and by expression."""
    extract = {
        "metadata": ["k8s.cluster.uid", "k8s.node.uid", "k8s.statefulset.name", "k8s.cronjob.name", "service.name", "service.namespace", "service.version"],
        "labels": [
            {"tag_name": "$1", "key_regex": "app.kubernetes.io/(comp.*)"}, {"key_regex": "t.*"}, {"key": "zone", "from": "node"},
            {"tag_name": "owner", "key": "owner", "from": "namespace"}, {"key": "tier", "from": "statefulset"},
        ],
        "annotations": [{"key": "note"}],
        "otel_annotations": True,
    }  # fmt: skip
    labels = {"app.kubernetes.io/component": "cache", "app.kubernetes.io/version": "2.1", "team": "blue", "empty": ""}
    annotations = {"note": "hi", "resource.opentelemetry.io/service.level": "gold"}
    with KubernetesApi() as api:
        api.put(NAMESPACES, {"metadata": {"name": "kube-system", "uid": "the-cluster"}})
        api.put(NAMESPACES, {"metadata": {"name": "shop", "uid": "ns", "labels": {"owner": "ann"}}})
        api.put("/api/v1/nodes", {"metadata": {"name": "n1", "uid": "the-node", "labels": {"zone": "eu"}}})
        api.put("/apis/apps/v1/statefulsets", {"metadata": {"name": "db", "uid": "uid-db", "labels": {"tier": "1"}}})
        api.put(
            PODS, pod("db-0", labels=labels, annotations=annotations, ownerReferences=owned_by("StatefulSet", "db"))
        )
        api.put(PODS, pod("job-1", ownerReferences=owned_by("Job", "nightly-2912")))
        with following(api, extract=extract, **BY_UID) as processor:
            assert told(processor, **{"k8s.pod.uid": "uid-db-0"}) == {
                "k8s.pod.uid": "uid-db-0", "k8s.cluster.uid": "the-cluster", "k8s.node.uid": "the-node", "k8s.statefulset.name": "db", "service.name": "db",
                "service.namespace": "shop", "service.version": "2.1", "component": "cache", "k8s.pod.labels.team": "blue",
                "k8s.node.labels.zone": "eu", "owner": "ann", "k8s.statefulset.label.tier": "1", "k8s.pod.annotations.note": "hi", "service.level": "gold",
            }  # fmt: skip
            found = told(processor, **{"k8s.pod.uid": "uid-job-1"})
            assert (found["k8s.cronjob.name"], found["service.name"]) == ("nightly", "nightly")


def test_containers() -> None:
    """The one that the resource names, by name, id or number of its start; or the only one."""
    extract = {"metadata": ["k8s.container.name", "container.id", "container.image.name", "container.image.tag", "container.image.repo_digests", "service.version", "service.instance.id"]}  # fmt: skip
    digest = "sha256:" + "0" * 64
    spec = {
        "containers": [
            {"name": "main", "image": f"ghcr.io:443/shop/web:1.2@{digest}"},
            {"name": "side", "image": "busybox"},
        ]
    }
    statuses = [
        {"name": "main", "containerID": "containerd://m0", "restartCount": 0, "imageID": f"ghcr.io/shop/web@{digest}"},
        {"name": "main", "containerID": "containerd://m1", "restartCount": 1},
        {"name": "side", "containerID": "docker://s0"},
    ]
    with KubernetesApi() as api:
        api.put(PODS, pod("two", spec=spec, status={"containerStatuses": statuses}))
        api.put(PODS, pod("one", spec={"containers": [{"name": "only", "image": "img"}]}))
        with following(api, extract=extract, **BY_UID) as processor:
            own = {"k8s.pod.uid": "uid-two"}
            found = told(processor, **own, **{"k8s.container.name": "main"})
            assert found["container.id"] == "m1"
            assert (found["container.image.name"], found["container.image.tag"]) == ("ghcr.io:443/shop/web", "1.2")
            assert found["service.version"] == f"1.2@{digest}"
            assert found["service.instance.id"] == "shop.two.main"
            found = told(processor, **own, **{"k8s.container.name": "main", "k8s.container.restart_count": "0"})
            assert found["container.id"] == "m0"
            assert "container.image.repo_digests" in found
            assert told(processor, **own, **{"container.id": "s0"})["k8s.container.name"] == "side"
            assert told(processor, **own) == own
            only = told(processor, **{"k8s.pod.uid": "uid-one"})
            assert (only["k8s.container.name"], only["container.image.tag"]) == ("only", "latest")


def test_filters_and_excludes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is asked for what is wanted; pods that say so themselves, and those by name, are not told of."""
    monkeypatch.setenv("MY_NODE", "n7")
    labels = [
        {"key": "a", "value": "b"},
        {"key": "c", "op": "exists"},
        {"key": "d", "op": "does-not-exist"},
        {"key": "e", "value": "f", "op": "not-equals"},
    ]
    filters = {
        "node_from_env_var": "MY_NODE",
        "namespace": "shop",
        "labels": labels,
        "fields": [{"key": "status.phase", "value": "Running"}],
    }
    path = "/api/v1/namespaces/shop/pods"
    with KubernetesApi() as api:
        api.put(path, pod("seen", "10.0.0.1"))
        api.put(path, pod("mute", "10.0.0.2", annotations={"opentelemetry.io/k8s-processor/ignore": "true"}))
        api.put(path, pod("my-jaeger-agent-1", "10.0.0.3"))
        with following(api, filter=filters, extract={"metadata": ["k8s.pod.name"]}) as processor:
            names = [told(processor, **{CONNECTION: f"10.0.0.{n}"}).get("k8s.pod.name") for n in (1, 2, 3)]
            assert names == ["seen", None, None]
        parameters = [own for asked, own in api.asked if asked == path][-1]
        assert parameters["labelSelector"] == "a=b,c,!d,e!=f"
        assert parameters["fieldSelector"] == "status.phase=Running,spec.nodeName=n7"


def test_the_token_is_read_anew_and_records_wait_no_longer_than_they_may(tmp_path: Path) -> None:
    """Refused with an old token, served once the file has the new one."""
    token = tmp_path / "token"
    token.write_text("old\n")
    with KubernetesApi("new") as api:
        api.put(PODS, pod("a", "10.0.0.1"))
        options = {
            "auth_type": "serviceAccount",
            "token_file": str(token),
            "wait_for_metadata_timeout": "0s",
            "extract": {"metadata": ["k8s.pod.name"]},
        }
        with following(api, **options) as processor:
            assert told(processor, **{CONNECTION: "10.0.0.1"}) == {}
            until(lambda: bool(api.asked))
            token.write_text("new\n")
            until(lambda: told(processor, **{CONNECTION: "10.0.0.1"}) == {"k8s.pod.name": "a"})


def test_passthrough_asks_nobody() -> None:
    """The address goes on under the name that others look for."""
    with KubernetesApi() as api:
        with following(api, passthrough=True) as processor:
            assert told(processor, **{CONNECTION: "10.0.0.1"}) == {"k8s.pod.ip": "10.0.0.1"}
        assert api.asked == []


def test_names() -> None:
    """What is read from names."""
    assert image_parts("a/b:1@sha256:x") == ("a/b", "1", "sha256:x")
    assert image_parts("host:5000/a/b") == ("host:5000/a/b", "", "")
    assert (deployment_of("web-6c45f8d6f6"), cron_job_of("nightly-28"), cron_job_of("once")) == ("web", "nightly", "")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"auth_type": "tls"}, "not supported"),
        ({"extract": {"metadata": ["k8s.nothing"]}}, "not a supported metadata field"),
        ({"extract": {"labels": [{"key": "a", "key_regex": "b"}]}}, "only one option"),
        ({"extract": {"labels": [{"key_regex": "("}]}}, "key_regex"),
        ({"pod_association": [{"sources": [{"from": "connection"}] * 5}]}, "too many association sources"),
        ({"endpoint": "http://10.0.0.1:6443"}, "over http://"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=problem):
        FACTORY.config.model_validate(options)
