"""What is kept of pods that leave what is followed."""

from __future__ import annotations

from typing import Any

import pytest

from counterparts.kubernetes_api import pod
from processors.k8s_attributes.cluster import Cluster
from processors.k8s_attributes.config import K8sAttributesConfig
from processors.k8s_attributes.extraction import Pod, pod_of

_GRACE_SECS = 120.0


class Time:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def cluster(time: Time) -> Cluster:
    """Nothing is followed but what the test tells."""
    return Cluster(K8sAttributesConfig.model_validate({"auth_type": "none", "endpoint": "http://127.0.0.1:1"}), time)


def known(cluster: Cluster, name: str) -> Pod | None:
    cluster.version()
    return cluster.pod((("k8s.pod.uid", f"uid-{name}"),))


def made(name: str, **fields: Any) -> Pod:
    return pod_of(pod(name, "10.0.0.1", **fields))


@pytest.mark.parametrize("listed", [False, True])
def test_a_pod_that_comes_back_stays(cluster: Cluster, time: Time, listed: bool) -> None:
    """A filter leaves it out and takes it again: its uid is the same. The other is forgotten."""
    cluster.put_pods([made("a"), made("b")])
    cluster.put_pod(made("b"), gone=True)
    cluster.put_pod(made("a"), gone=True)
    time.now = _GRACE_SECS / 2
    if listed:
        cluster.put_pods([made("a")])
    else:
        cluster.put_pod(made("a"), gone=False)
    assert known(cluster, "b") is not None
    time.now = 10 * _GRACE_SECS
    assert known(cluster, "a") is not None
    assert known(cluster, "b") is None


def test_a_pod_that_is_gone_is_so_however_often_it_is_told(cluster: Cluster, time: Time) -> None:
    """Lists without it, and changes of what it belongs to, give it no more time."""
    cluster.put_pods([made("a")])
    cluster.put_pods([])
    time.now = _GRACE_SECS - 1
    cluster.put_pods([])
    cluster.put_objects("namespace", {"kube-system": {"metadata": {"name": "kube-system", "uid": "c"}}})
    assert known(cluster, "a") is not None
    time.now = _GRACE_SECS
    assert known(cluster, "a") is None
