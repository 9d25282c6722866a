"""An issue says at once what it is concentrated in, and where to look."""

from pathlib import Path

import polars as pl
import pytest

from collector.causes.recent import Recent
from collector.component import Applied, Command, Context
from collector.samples import batch_of
from collector.testing.events import marked
from collector.testing.work import FakeWork
from processors.issues import reasons
from processors.issues.config import IssuesConfig
from processors.issues.processor import Issues

MINUTE = 60 * 10**9
START = 1_800_000_000 * 10**9
DEPLOYED = {"service.name": "shop", "service.version": "1.1", "deployment.environment.name": "prod"}


@pytest.fixture
def world():
    """(send, command, told): records of the shop into the processor, commands, and what was told of its issues."""
    issues, work = Issues(IssuesConfig(), Context("issues", Path())), FakeWork(now_unix_nano=START)

    def send(minute, body, n, version="1.0", level="info"):
        resource = {"service.name": "shop", "service.version": version, "deployment.environment.name": "prod"}
        at = START + minute * MINUTE
        batch = batch_of([{"body": body, "time_unix_nano": at, "resource": resource}] * n)
        payloads = batch.payloads.with_columns(received_unix_ms=pl.lit(at // 10**6, pl.Int64))
        batch = type(batch)(**{name: getattr(batch, name) for name in batch.__slots__} | {"payloads": payloads})
        return issues.process(batch.with_attributes({"logboom.triage.level": pl.Series([level] * n)}), work)

    def command(minute, **said):
        return issues.command(
            Command("c1", "logboom.command.deployment", "default", "ci", "", said, START + minute * MINUTE), work
        )

    def told():
        rows = [row for each in work.emitted for row in each.records.derived.iter_rows(named=True)]
        return [row for row in rows if row.get("logboom.issue.id")]

    return send, command, told


def test_the_version_that_came_shortly_before_is_its_cause(world):
    send, _, told = world
    send(0, "order accepted", 200)
    send(10, "order accepted", 200)
    send(11, "order accepted", 50, "1.1")
    send(13, "KeyError: 'price'", 30, "1.1", "critical")
    assert "shop 1.1 (first seen 2 min before" in told()[-1]["logboom.issue.cause"]
    assert told()[-1]["logboom.issue.suggestion"].startswith("look at what shop 1.1 changed, or roll it back")


def test_what_the_error_says_is_a_suggestion(world):
    send, _, told = world
    send(0, 'connection to server at "db-1", port 5432 failed: Connection refused', 3, level="critical")
    assert told()[-1].get("logboom.issue.cause") is None
    assert told()[-1]["logboom.issue.suggestion"].startswith("is db-1 up, and does shop reach it?")


def test_an_error_that_tells_nothing_has_no_suggestion(world):
    send, _, told = world
    send(0, "the answer was not satisfactory", 3, level="critical")
    assert told()[-1].get("logboom.issue.suggestion") is None


def test_a_deployment_that_is_marked_is_told_as_everywhere_and_remembered(world):
    send, command, told = world
    send(0, "order accepted", 200)
    assert isinstance(command(1, **DEPLOYED), Applied)
    send(2, "order accepted", 30, "1.1")
    send(3, "KeyError: 'price'", 30, "1.1", "critical")
    assert "shop 1.1 (deployed 2 min before" in told()[-1]["logboom.issue.cause"]


def test_a_mark_that_names_no_version_is_refused(world):
    _, command, _ = world
    assert not isinstance(command(1, **{"service.name": "shop"}), Applied)


def test_what_was_made_is_no_traffic():
    issues, work = Issues(IssuesConfig(), Context("issues", Path())), FakeWork(now_unix_nano=START)
    batch = batch_of([{"body": "x", "resource": {"service.name": "shop"}}] * 2)
    issues.process(marked(batch, ["logboom.anomaly.spike", "logboom.anomaly.spike"]), work)
    assert not [name for state in work.states.values() for name in state.values if name.startswith(b"recent/")]


def deployments_of(work):
    return [
        row
        for each in work.emitted
        if each.kind == "logboom.deployment"
        for row in each.records.derived.iter_rows(named=True)
    ]


def versions(*said, environment="prod"):
    """Sends records of versions of the shop, a minute apart; gives what was told of deployments."""
    issues, work = Issues(IssuesConfig(), Context("issues", Path())), FakeWork(now_unix_nano=START)
    for n, version in enumerate(said):
        work.now_unix_nano = START + n * MINUTE
        resource = {"service.name": "shop", "service.version": version, "deployment.environment.name": environment}
        issues.process(batch_of([{"body": "x", "resource": resource}] * 2), work)
    return [(row["service.version"], row["deployment.environment.name"]) for row in deployments_of(work)]


def test_a_version_that_is_first_seen_while_another_ran_is_told_as_a_deployment():
    assert versions("1", "1", "2", "1", "2", "3") == [("2", "prod"), ("3", "prod")]
    assert versions("1") == []  # it may run for years
    assert versions("1", "2", environment="") == []  # nobody could say where


def test_versions_that_always_change_tell_nothing_by_it():
    assert len(versions(*(f"build {n}" for n in range(50)))) < 5


def a_record_that_says(**attributes):
    return {"event_name": "deployment", "body": "done", "time_unix_nano": START,
            "attributes": {key.replace("__", "."): value for key, value in attributes.items()},
            "resource": {"service.name": "shop", "service.version": "3", "deployment.environment.name": "prod"}}  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        (a_record_that_says(deployment__status="succeeded"), 1),
        (a_record_that_says(deployment__status="failed"), 0),
        (a_record_that_says(), 0),
        ({**a_record_that_says(deployment__status="succeeded"), "event_name": ""}, 0),
        ({**a_record_that_says(deployment__status="succeeded"), "resource": {}}, 0),
        ({**a_record_that_says(), "event_name": "logboom.deployment"}, 0),
    ],
    ids=["it succeeded", "it failed", "it does not say", "no event", "of what", "the name alone"],
)
def test_a_record_that_says_that_a_deployment_succeeded_is_taken(sample, told):
    issues, work = Issues(IssuesConfig(), Context("issues", Path())), FakeWork(now_unix_nano=START)
    issues.process(batch_of([sample]), work)
    found = deployments_of(work)
    assert len(found) == told
    assert all(row["service.version"] == "3" and row["logboom.deployment.id"] for row in found)


TASK = {
    "cicd.pipeline.task.type": "deploy",
    "cicd.pipeline.task.run.result": "success",
    "cicd.pipeline.task.run.id": "17",
}
PLACE = {"service.name": "shop", "deployment.environment.name": "prod", "vcs.ref.head.revision": "9b8a334"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, 1),
        ({"cicd.pipeline.task.type": "build"}, 0),
        ({"cicd.pipeline.task.run.result": "failure"}, 0),
        ({"vcs.ref.head.revision": ""}, 0),
    ],
    ids=["a deployment", "a build", "it failed", "of what version"],
)
def test_a_task_of_a_pipeline_that_deploys_is_taken(changed, told):
    """By OpenTelemetry's names; the same run once more is the same deployment."""
    issues, work = Issues(IssuesConfig(), Context("issues", Path())), FakeWork(now_unix_nano=START)
    event = {
        "event_name": "cicd.task",
        "body": "done",
        "time_unix_nano": START,
        "attributes": {**TASK, **PLACE, **changed},
    }
    for _ in range(2):
        issues.process(batch_of([event]), work)
    found = deployments_of(work)
    assert len(found) == 2 * told
    assert len({row["logboom.deployment.id"] for row in found}) == told
    assert all(row["service.version"] == "9b8a334" for row in found)


def rollout(body, **resource):
    named = {"k8s.object.kind": "Deployment", "k8s.object.name": "check-out", "k8s.namespace.name": "prod", **resource}
    return {
        "body": body,
        "time_unix_nano": START,
        "resource": named,
        "attributes": {"k8s.event.reason": "ScalingReplicaSet"},
    }


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (rollout("Scaled up replica set check-out-7d9c6b8d5f from 0 to 3"), [("check-out", "7d9c6b8d5f", "prod")]),
        (rollout("Scaled up replica set check-out-7d9c6b8d5f to 1"), [("check-out", "7d9c6b8d5f", "prod")]),
        (rollout("Scaled up replica set check-out-7d9c6b8d5f from 0 to 1", **{"service.name": "shop", "deployment.environment.name": "live"}),
         [("shop", "7d9c6b8d5f", "live")]),
        (rollout("Scaled up replica set check-out-7d9c6b8d5f from 2 to 3"), []),
        (rollout("Scaled up replica set check-out-7d9c6b8d5f to 10"), []),
        (rollout("Scaled down replica set check-out-7d9c6b8d5f from 1 to 0"), []),
        (rollout("Scaled up replica set other-7d9c6b8d5f from 0 to 3"), []),
        (rollout("Scaled up replica set check-out-7d9c6b8d5f from 0 to 3", **{"k8s.object.kind": "Pod"}), []),
    ],
    ids=["from none", "an older cluster", "its own names", "more pods", "many pods of an older cluster", "fewer pods", "another one's", "no deployment"],
)  # fmt: skip
def test_kubernetes_tells_of_new_versions(event, told):
    issues, work = Issues(IssuesConfig(), Context("issues", Path())), FakeWork(now_unix_nano=START)
    issues.process(batch_of([event]), work)
    assert [
        (row["service.name"], row["service.version"], row["deployment.environment.name"])
        for row in deployments_of(work)
    ] == told


@pytest.mark.parametrize("environment", ["", "prod"])
def test_a_rollout_is_remembered_for_records_that_name_no_environment(environment):
    """A namespace may be one, or not."""
    issues, work = Issues(IssuesConfig(), Context("issues", Path())), FakeWork(now_unix_nano=START)
    issues.process(batch_of([rollout("Scaled up replica set check-out-7d9c6b8d5f from 0 to 3")]), work)
    [deployed] = Recent.decoded(work.state("default").get(reasons._name("check-out", environment))).deployments(
        "check-out", environment
    )
    assert (deployed.version, deployed.since, deployed.marked) == ("7d9c6b8d5f", START, True)
