"""Pipelines are started by the documented calls, with parameters from the configuration alone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from collector.responses.response import State
from counterparts.responding import Acting
from counterparts.vendors.pipelines import GitHub, GitLab, Jenkins
from exporters.ci_trigger import FACTORY

ID = "0123456789abcdef0123456789abcdef"
CASES: dict[str, Any] = {
    "github": (
        GitHub, {"token": "secret-token"}, {"project": "owner/repo", "workflow": "rollback.yml"}, "https://github.com/owner/repo/actions/runs/7",
    ),
    "gitlab": (GitLab, {"token": "secret-token"}, {"project": "group/shop"}, "https://gitlab.example/group/shop/-/pipelines/9"),
    "jenkins": (
        Jenkins, {"token": "bot:secret-token", "endpoint": "https://ci.example"}, {"project": "ops/rollback"}, "https://ci.example/queue/item/3/",
    ),
}  # fmt: skip


def acting(provider: str, script: list[str] | None = None) -> tuple[Acting, Any]:
    vendor, options, trigger, _ = CASES[provider]
    made = vendor(script or [])
    own = {"parameters": {"service": "shop"}, "id_parameter": "id", **trigger}
    return Acting(FACTORY, {"provider": provider, **options, "triggers": {"rollback": own}}, _client=made), made


@pytest.mark.parametrize("provider", CASES)
def test_a_pipeline_is_started(provider):
    made, vendor = acting(provider)
    found = made.carry_out("rollback")
    assert (found.state, found.became) == (State.DONE, CASES[provider][3])
    assert vendor.started == [{"service": "shop", "id": ID}]


@pytest.mark.parametrize("provider", CASES)
def test_a_dry_run_starts_none(provider):
    made, vendor = acting(provider)
    assert made.carry_out("rollback", dry_run=True).state == State.DONE
    assert vendor.started == []
    assert all(one.method == "GET" for one in vendor.asked)


ANSWERS = {"429": 1, "503": 1, "500": 0, "401": 0, "cut": 0, "lost": 1}


@pytest.mark.parametrize(("befalls", "started"), ANSWERS.items(), ids=ANSWERS)
def test_it_is_called_again_only_where_it_was_certainly_not_taken(befalls, started):
    made, vendor = acting("github", [befalls])
    found = made.carry_out("rollback")
    assert len(vendor.started) == started
    assert found.state == (State.DONE if befalls in ("429", "503") else State.FAILED)


def test_what_is_not_on_the_list():
    made, vendor = acting("github")
    assert made.carry_out("deploy").reason == "deploy is not one of `triggers`"
    assert vendor.asked == []


WRONG: dict[str, dict[str, Any]] = {
    "github without a workflow": {"provider": "github", "token": "t", "triggers": {"r": {"project": "a/b"}}},
    "github without an owner": {
        "provider": "github",
        "token": "t",
        "triggers": {"r": {"project": "b", "workflow": "w.yml"}},
    },
    "a path in the workflow": {
        "provider": "github",
        "token": "t",
        "triggers": {"r": {"project": "a/b", "workflow": "../w.yml"}},
    },
    "jenkins without a server": {"provider": "jenkins", "token": "a:t", "triggers": {"r": {"project": "b"}}},
    "jenkins without a user": {
        "provider": "jenkins",
        "token": "t",
        "endpoint": "https://ci",
        "triggers": {"r": {"project": "b"}},
    },
    "gitlab with a workflow": {
        "provider": "gitlab",
        "token": "t",
        "triggers": {"r": {"project": "a/b", "workflow": "w"}},
    },
    "in the clear": {
        "provider": "gitlab",
        "token": "t",
        "endpoint": "http://git.example",
        "triggers": {"r": {"project": "a/b"}},
    },
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wrong_options(wrong):
    with pytest.raises(ValidationError):
        FACTORY.config.model_validate(wrong)
