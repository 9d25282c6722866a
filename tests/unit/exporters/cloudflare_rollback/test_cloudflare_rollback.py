"""A Worker is given its last version back, once for a deployment."""

from __future__ import annotations

import pytest

from collector.responses.response import State
from counterparts.responding import Acting
from counterparts.vendors.workers import ACCOUNT, Workers, deployed
from exporters.cloudflare_rollback import FACTORY

OPTIONS = {"account_id": ACCOUNT, "api_token": "secret-token", "scripts": ["shop"]}


def acting(workers: Workers) -> Acting:
    """The exporter's own Cloudflare client, over the double."""
    found = Acting(FACTORY, OPTIONS)
    found.exporter._client._http = workers
    return found


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the budget of calls is kept in the data directory, which is here


def test_the_newest_version_that_served_alone_comes_back():
    workers = Workers()
    found = acting(workers).carry_out("shop", deployment="d3")
    assert (found.state, found.was, found.became) == (State.DONE, "v3 at 100 %", "v1 at 100 %")
    assert workers.deployments[0]["versions"] == [{"version_id": "v1", "percentage": 100}]
    assert len(workers.deployments) == 4


def test_an_answer_that_is_lost_leaves_one_deployment():
    workers = Workers(["", "lost"])
    found = acting(workers).carry_out("shop", deployment="d3")
    assert (found.state, found.reason, len(workers.deployments)) == (State.DONE, "it was rolled back before", 4)


def test_a_dry_run_deploys_nothing():
    workers = Workers()
    assert acting(workers).carry_out("shop", deployment="d3", dry_run=True).became == "v1 at 100 %"
    assert len(workers.deployments) == 3


REFUSED = {
    "not on the list": ("other", Workers, "d", "other is not one of `scripts`"),
    "no deployment to take back": ("shop", Workers, "", "it takes back deployments, and this response names none: `rollback_within` is needed"),
    "secrets changed": ("shop", lambda: Workers(refuses=10220), "d", "secrets or bindings changed since that version: people must decide"),
    "refused": ("shop", lambda: Workers(refuses=10021), "d", "Cloudflare answered 400 Bad Request: cannot deploy"),
    "no right": ("shop", lambda: Workers(["403"]), "d", "Cloudflare answered 403 Forbidden: the answer is not JSON"),
    "deployed since": (
        "shop", lambda: Workers(deployments=[deployed("v4", "2023-11-14T22:13:30Z"), *Workers().deployments]), "d",
        "something was deployed since this was proposed",
    ),
    "nothing before": (
        "shop", lambda: Workers(deployments=[deployed("v3", "2023-11-14T22:00:00Z")]), "d",
        "no other version served alone among the last hundred deployments",
    ),
    "nothing at all": ("shop", lambda: Workers(deployments=[]), "d", "nothing is deployed there"),
}  # fmt: skip


@pytest.mark.parametrize(("target", "workers", "deployment", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(target, workers, deployment, reason):
    found = acting(workers()).carry_out(target, deployment=deployment)
    assert (found.state, found.reason) == (State.FAILED, reason)
