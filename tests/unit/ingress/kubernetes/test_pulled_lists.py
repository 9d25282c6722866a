"""All there is, at an interval, over restarts; kinds by their group; what is left out."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from collector.receivers.k8s_objects import FACTORY
from counterparts.followed_cluster import EVENTS, Journal, cluster, event, following, until
from counterparts.json_door import records
from counterparts.kubernetes_api import KubernetesApi, pod

PODS = "/api/v1/pods"
NEW = "/apis/events.k8s.io/v1/events"


def names(journal: Journal) -> list[str]:
    """Of the objects that were taken."""
    bodies = [each["body"] for payload in journal.payloads for each in records(payload.body)]
    return [body.get("object", body)["metadata"]["name"] for body in bodies]


def pods(api: KubernetesApi, count: int) -> list[str]:
    for number in range(count):
        api.put(PODS, pod(f"p{number}"))
    return [f"p{number}" for number in range(count)]


def wanted(**options: Any) -> dict[str, Any]:
    """One kind."""
    return {"objects": [{"name": "pods", **options}]}


def test_all_there_is_comes_page_by_page_and_again() -> None:
    """At once, and each interval."""
    journal = Journal()
    with cluster() as api:
        expected = pods(api, 5)
        with following(FACTORY, api, journal, **wanted(interval="300ms")):
            until(lambda: names(journal)[:10] == expected * 2)


def test_a_restart_pulls_nothing_before_it_is_due() -> None:
    """The time of the last pull is in the journal."""
    journal = Journal()
    with cluster() as api:
        expected = pods(api, 3)
        with following(FACTORY, api, journal, **wanted()):
            until(lambda: names(journal) == expected)
        before = len(api.asked)
        with following(FACTORY, api, journal, **wanted(), include_initial_state=False):
            until(lambda: len(api.asked) > before)  # discovery
            assert all(path != PODS for path, _ in api.asked[before:])
    assert names(journal) == expected


@pytest.mark.parametrize("kept", range(1, 4))
def test_a_pull_that_is_killed_goes_on_with_the_next_page(kept: int) -> None:
    """Nothing comes twice, nothing is left out."""
    journal = Journal()
    with cluster() as api:
        expected = pods(api, 7)
        journal.left = kept
        with following(FACTORY, api, journal, **wanted()):
            until(lambda: journal.left == 0)
        journal.left = 100
        with following(FACTORY, api, journal, **wanted()):
            until(lambda: len(names(journal)) == len(expected))
    assert names(journal) == expected


@pytest.mark.parametrize(("group", "path"), [("", EVENTS), ("events.k8s.io", NEW), ("none.example", EVENTS)])
def test_a_kind_is_found_by_its_group(group: str, path: str) -> None:
    """The core's without one; one that does not have it is as if none was written, as upstream."""
    journal = Journal()
    with cluster() as api:
        api.put(path, event(1))
        with following(FACTORY, api, journal, objects=[{"name": "events", "group": group}]):
            until(lambda: names(journal) == ["e1"])


def test_initial_state_then_changes_but_those_left_out() -> None:
    """As added, once; a restart does not tell it again."""
    journal = Journal()
    options = {
        "include_initial_state": True,
        "objects": [{"name": "pods", "mode": "watch", "exclude_watch_type": ["DELETED"], "exclude_namespaces": [{"regexp": "^kube-"}]}],
    }  # fmt: skip
    with cluster() as api:
        expected = pods(api, 3)
        with following(FACTORY, api, journal, **options):
            until(lambda: names(journal) == expected)
            api.delete(PODS, "uid-p0")
            api.put(PODS, pod("proxy", namespace="kube-system"))
            api.put(PODS, pod("new"))
            until(lambda: names(journal) == [*expected, "new"])
        with following(FACTORY, api, journal, **options):
            api.put(PODS, pod("newer"))
            until(lambda: names(journal) == [*expected, "new", "newer"])


@pytest.mark.parametrize(("mode", "said"), [("propagate", True), ("ignore", False), ("silent", False)])
def test_a_kind_that_is_not_there(mode: str, said: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Said by `error_mode`; the others go on, and it is taken when its definition comes."""
    caplog.set_level(logging.INFO)
    journal = Journal()
    with cluster() as api:
        pods(api, 1)
        objects = [{"name": "widgets"}, {"name": "pods"}]
        with following(FACTORY, api, journal, objects=objects, error_mode=mode) as receiver:
            until(lambda: names(journal) == ["p0"] and (receiver.lacking() or not said))
            until(lambda: mode == "silent" or "widgets" in caplog.text)
            assert ("the API server has no widgets" in str(receiver.lacking())) is said
            api.serves("example.com/v1", "widgets")
            api.put("/apis/example.com/v1/widgets", pod("w"))
            until(lambda: names(journal) == ["p0", "w"])
            assert not receiver.lacking()
    assert ("widgets" in caplog.text) is (mode != "silent")


def test_objects_without_namespaces_are_not_asked_for_in_one() -> None:
    """It would be another path, of nothing."""
    objects = [{"name": "nodes", "namespaces": ["a"]}]
    with cluster() as api, following(FACTORY, api, Journal(), objects=objects) as receiver:
        until(lambda: "in no namespace" in receiver.lacking().get("nodes in a", ""))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"objects": []}, "at least 1"),
        ({"objects": [{"name": "pods", "mode": "poll"}]}, "mode"),
        ({"objects": [{"name": "pods", "exclude_watch_type": ["DELETED"]}]}, "can only be used with mode: watch"),
        ({"objects": [{"name": "pods", "persist_resource_version": True}]}, "can only be used with mode: watch"),
        ({"objects": [{"name": "pods"}], "include_initial_state": True}, "can only be used with mode: watch"),
        ({"objects": [{"name": "pods", "namespaces": ["a"], "exclude_namespaces": [{"regexp": "b"}]}]}, "cannot both"),
        ({"objects": [{"name": "pods", "exclude_namespaces": [{"regexp": "("}]}]}, "no regular expression"),
        ({"objects": [{"name": "pods", "namespaces": ["../secrets"]}]}, "namespaces"),
        ({"objects": [{"name": "../secrets"}]}, "name"),
        ({"objects": [{"name": "pods"}], "error_mode": "loud"}, "error_mode"),
        ({"objects": [{"name": "pods"}], "auth_type": "tls"}, "not supported"),
        ({"objects": [{"name": "pods"}], "endpoint": "http://10.0.0.1"}, "over http://"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=problem):
        FACTORY.config.model_validate(options)
