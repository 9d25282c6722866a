"""Rollout restarts: the annotation with the time of the proposal, once, of workloads on the list."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from pydantic import ValidationError

from collector.responses.response import State
from counterparts.kept_results import read_lines
from counterparts.responding import Acting
from counterparts.vendors.kubernetes_api import PATH, KubernetesApi, deployment
from exporters.kubernetes import FACTORY
from exporters.kubernetes.exporter import ANNOTATION

TARGET = "shop/deployment/api"
OPTIONS = {"workloads": [TARGET]}


def carried_out(api: KubernetesApi, target: str = TARGET, **more: object):
    return Acting(FACTORY, OPTIONS, _client=api).carry_out(target, **more)


def test_the_pods_are_given_the_time_of_the_proposal():
    api = KubernetesApi()
    assert carried_out(api).state == State.DONE
    assert api.objects[PATH]["spec"]["template"]["metadata"]["annotations"] == {ANNOTATION: "2023-11-14T22:13:19Z"}


def test_a_dry_run_changes_nothing_and_finds_missing_rights():
    api = KubernetesApi()
    found = carried_out(api, dry_run=True)
    assert (found.state, found.reason, found.became) == (
        State.DONE,
        "the server would take it",
        "generation 2",
    )
    assert api.objects[PATH] == deployment()
    assert api.asked[-1].query["dryRun"] == "All"
    assert carried_out(KubernetesApi(forbidden=frozenset({"PATCH"})), dry_run=True).state == State.FAILED


def test_how_many_pods_are_ready_is_told():
    api = KubernetesApi()
    api.objects[PATH]["status"] = {"replicas": 3, "readyReplicas": 1}
    assert carried_out(api).became == "generation 2, 1 of 3 ready"


def test_a_real_server_answers_as_the_double_does():
    """What `make check-responses` kept, again with the double; the words of a 403 are a real server's own."""
    paused = {**deployment(), "spec": {**deployment()["spec"], "paused": True}}
    api = KubernetesApi(
        objects={PATH: deployment(), PATH.replace("/api", "/paused").replace("/pauseds/", "/apis/"): paused}
    )
    kept = read_lines(Path(__file__).parents[3] / "golden" / "responses" / "kubernetes.jsonl")
    assert len(kept) == 8
    for line in kept:
        if line["target"] == "db":
            continue
        target = f"shop/deployment/{line['target']}"
        acting, before = Acting(FACTORY, {"workloads": [target]}, _client=api), deepcopy(api.objects)
        found = acting.carry_out(target, **line["more"])
        told = (found.state == State.DONE, found.reason, found.was, found.became, api.objects != before)
        assert told == (line["done"], line["reason"], line.get("was", ""), line.get("became", ""), line["changed"]), (
            line["case"]
        )


REFUSED = {
    "not on the list": (KubernetesApi, "shop/deployment/other", "shop/deployment/other is not one of `workloads`"),
    "not there": (
        lambda: KubernetesApi(objects={}),
        TARGET,
        'the API server answered 404 Not Found: deployments.apps "api" not found',
    ),
    "no right": (
        lambda: KubernetesApi(forbidden=frozenset({"PATCH"})),
        TARGET,
        "the API server answered 403 Forbidden: cannot PATCH",
    ),
    "paused": (
        lambda: KubernetesApi(objects={PATH: {**deployment(), "spec": {**deployment()["spec"], "paused": True}}}),
        TARGET,
        "its rollout is paused",
    ),
}


@pytest.mark.parametrize(("api", "target", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(api, target, reason):
    found = carried_out(api(), target)
    assert (found.state, found.reason) == (State.FAILED, reason)


def test_who_restarted_it_meanwhile_did_it():
    api = KubernetesApi(objects={PATH: deployment(**{ANNOTATION: "2023-11-15T00:13:30+02:00"})})
    found = carried_out(api)
    assert (found.state, found.reason) == (State.DONE, "somebody restarted it at 22:13:30 UTC")
    assert [one.method for one in api.asked] == ["GET"]


@pytest.mark.parametrize("befalls", ["429", "500", "503", "cut"])
def test_what_passes_is_tried_again(befalls):
    api = KubernetesApi(["", befalls])
    assert carried_out(api).state == State.DONE
    assert api.objects[PATH]["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    "name", ["shop/api", "shop/pod/api", "../x/deployment/y", "shop/deployment/a?b", "Shop/deployment/api", ""]
)
def test_names_that_are_none(name):
    with pytest.raises(ValidationError):
        FACTORY.config.model_validate({"workloads": [name]})
    with pytest.raises(ValidationError):
        FACTORY.config.model_validate({**OPTIONS, "endpoint": "http://elsewhere.example"})
