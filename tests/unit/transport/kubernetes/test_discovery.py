"""Which kinds the API server has, and where."""

from __future__ import annotations

from typing import Any

import pytest

from collector.transport.kubernetes.api import Access, Api, Refused
from collector.transport.kubernetes.discovery import NotServed, Resource, find
from counterparts.kubernetes_api import KubernetesApi

CRONS = [Resource("cronjobs", "batch", "v1"), Resource("cronjobs", "batch", "v1beta1")]


def served() -> KubernetesApi:
    """The core's, two groups with events, one with two versions, one whose own server is away."""
    api = KubernetesApi()
    api.serves("v1", "pods", "events")
    api.serves("v1", "nodes", namespaced=False)
    api.serves("metrics.example/v1", "away")
    api.serves("batch/v1", "cronjobs")
    api.serves("batch/v1beta1", "cronjobs", "oldjobs")
    api.serves("events.k8s.io/v1", "events")
    api.resources["v1"].append({"name": "bindings", "namespaced": True, "verbs": ["create"]})
    api.refused["/apis/metrics.example/v1"] = 503
    return api


@pytest.mark.parametrize(
    ("name", "group", "found"),
    [
        ("pods", "", Resource("pods", "", "v1")),
        ("nodes", "", Resource("nodes", "", "v1", namespaced=False)),
        ("events", "", Resource("events", "", "v1")),
        ("events", "events.k8s.io", Resource("events", "events.k8s.io", "v1")),
        ("events", "gone.example", Resource("events", "", "v1")),
        ("cronjobs", "", CRONS[0]),
        ("cronjobs", "batch", CRONS[0]),
        ("oldjobs", "batch", Resource("oldjobs", "batch", "v1beta1")),
    ],
)
def test_where_a_kind_is(name: str, group: str, found: Resource) -> None:
    """The core's first, then the preferred version of each group; a group whose server is away hides no other."""
    with served() as api:
        assert find(Api(Access(api.address, token_file="")), name, group, "watch") == found


@pytest.mark.parametrize(
    ("name", "problem"), [("widgets", "has no widgets"), ("bindings", "can't be asked to watch, only create")]
)
def test_what_is_not_served(name: str, problem: str) -> None:
    """Said with what can be done, where there is something."""
    with served() as api, pytest.raises(NotServed, match=problem):
        find(Api(Access(api.address, token_file="")), name, "", "watch")


@pytest.mark.parametrize("path", ["/apis", "/api/v1"])
def test_who_may_not_ask_is_told(path: str) -> None:
    """It is no answer that there is none."""
    with served() as api:
        api.refused[path] = 403
        with pytest.raises(Refused, match="answered 403"):
            find(Api(Access(api.address, token_file="")), "widgets", "", "watch")


@pytest.mark.parametrize(
    ("resource", "namespace", "path"),
    [
        (Resource("pods", "", "v1"), "", "/api/v1/pods"),
        (Resource("pods", "", "v1"), "shop", "/api/v1/namespaces/shop/pods"),
        (CRONS[0], "", "/apis/batch/v1/cronjobs"),
        (CRONS[0], "shop", "/apis/batch/v1/namespaces/shop/cronjobs"),
    ],
)
def test_paths(resource: Resource, namespace: str, path: str) -> None:
    """Of lists."""
    assert resource.path(namespace) == path


def test_what_answers_is_not_the_api_server() -> None:
    """As ever: by an error of its shape."""
    api: Any = type("Other", (), {"get": lambda *_: {"resources": None}})()
    with pytest.raises((KeyError, TypeError)):
        find(api, "pods", "", "watch")
