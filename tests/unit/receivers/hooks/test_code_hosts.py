"""Deployments that GitHub and GitLab tell of: signed, of now, once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from collector.errors import Unauthenticated
from collector.receivers.hooks.code_hosts import GithubHook, GitlabHook
from collector.receivers.hooks.config import CodeHostConfig, GitlabConfig, HooksConfig
from collector.receivers.hooks.hook import BadHook, Hook
from collector.receivers.hooks.routes import routes

NOW = 1_772_366_400.0  # 2026-03-01T12:00:00Z
OLD, SECRET = "an older secret of 24 bytes", "the secret that is used now"
GITHUB = {
    "action": "created",
    "deployment_status": {"id": 17, "state": "success", "environment": "production", "updated_at": "2026-03-01T11:59:30Z",
                          "target_url": "https://ci.example/runs/7"},
    "deployment": {"id": 4, "ref": "v2.9.7", "sha": "0123456789abcdef0123", "payload": {}},
    "repository": {"name": "checkout", "full_name": "shop/checkout"},
}  # fmt: skip
GITLAB = {
    "object_kind": "deployment", "status": "success", "status_changed_at": "2026-03-01 13:59:30 +0200", "deployment_id": 15,
    "deployable_url": "https://gitlab.example/-/jobs/7", "environment": "staging", "short_sha": "279484c0", "ref": "main",
    "project": {"name": "checkout"},
}  # fmt: skip


def hook(body: Any, domain: str = "a.com", **headers: str) -> Hook:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Hook(raw, named.get, domain, "192.0.2.1", "id")


def github(body: Any, secret: str = SECRET, **more: Any) -> Hook:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return hook(raw, x_hub_signature_256=f"sha256={hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}", **more)


def gitlab_signed(body: Any, at: float = NOW, secret: str = SECRET) -> Hook:
    raw = json.dumps(body).encode()
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    mark = base64.b64encode(hmac.digest(key, f"w1.{at:.0f}.".encode() + raw, hashlib.sha256)).decode()
    return hook(raw, webhook_id="w1", webhook_timestamp=f"{at:.0f}", webhook_signature=f"v1,AAAA v1,{mark}")


def a_github(**options: Any) -> GithubHook:
    return GithubHook([OLD, SECRET], now=lambda: NOW, **options)


def a_gitlab() -> GitlabHook:
    return GitlabHook([SECRET], now=lambda: NOW)


def test_a_deployment_that_ended_well_is_a_command() -> None:
    record = a_github().command(github(GITHUB))
    assert record is not None
    said = dict(record.attributes)
    assert (said["service.name"], said["service.version"], said["deployment.environment.name"]) == (
        "checkout",
        "v2.9.7",
        "production",
    )
    assert said["url.full"] == "https://ci.example/runs/7"
    assert said["logboom.deployment.time"] == (int(NOW) - 30) * 10**9
    assert (record.domain, said["logboom.command.who"]) == ("a.com", "github")


def test_gitlabs_commit_is_a_version_where_its_ref_is_none() -> None:
    record = a_gitlab().command(hook(GITLAB, x_gitlab_token=SECRET))
    assert record is not None
    assert record.attributes["service.version"] == "279484c0"
    assert record.attributes["logboom.deployment.time"] == (int(NOW) - 30) * 10**9


@pytest.mark.parametrize(
    ("deployment", "version"),
    [
        ({"ref": "main", "sha": "0123456789abcdef"}, "0123456789ab"),
        ({"ref": "refs/tags/1.2.3", "sha": "x"}, "1.2.3"),
        ({"ref": "main", "sha": "x", "payload": {"version": "7"}}, "7"),
        ({"ref": "main", "sha": "abc", "payload": "text"}, "abc"),
    ],
    ids=str,
)
def test_the_version_is_what_the_deployment_says_else_its_tag_else_its_commit(deployment: Any, version: str) -> None:
    record = a_github().command(github({**GITHUB, "deployment": deployment}))
    assert record is not None
    assert record.attributes["service.version"] == version


def test_the_service_may_be_named() -> None:
    record = a_github(service="till").command(github(GITHUB))
    assert record is not None
    assert record.attributes["service.name"] == "till"


@pytest.mark.parametrize(
    "body",
    [
        {"zen": "Keep it logically awesome."},
        {**GITHUB, "deployment_status": {**GITHUB["deployment_status"], "state": "in_progress"}},  # type: ignore[dict-item]
        [],
        "ping",
    ],
    ids=str,
)
def test_what_is_no_deployment_that_ended_well_does_nothing(body: Any) -> None:
    assert a_github().command(github(body)) is None


def test_secrets_of_a_change_are_all_good() -> None:
    assert a_github().command(github(GITHUB, OLD)) is not None


@pytest.mark.parametrize(
    "given",
    [
        hook(GITHUB), hook(GITHUB, x_hub_signature_256="sha256="), github(GITHUB, "another secret of 24 bytes"),
        hook(GITHUB, x_hub_signature="sha1=0"), hook(b"x", x_hub_signature_256=github(GITHUB).header("x-hub-signature-256") or ""),
        hook(GITHUB, x_hub_signature_256="sha256=é\u202e"),
    ],
    ids=["unsigned", "empty", "another secret", "sha1", "another body", "not ascii"],
)  # fmt: skip
def test_nobody_else_is_believed(given: Hook) -> None:
    with pytest.raises(Unauthenticated):
        a_github().command(given)


def test_gitlabs_signature_is_checked_and_not_its_token_alone() -> None:
    assert a_gitlab().command(gitlab_signed(GITLAB)) is not None
    forged = gitlab_signed(GITLAB, secret="some other secret")
    with pytest.raises(Unauthenticated):
        a_gitlab().command(forged)
    with pytest.raises(Unauthenticated):
        a_gitlab().command(hook(GITLAB, x_gitlab_token="wrong"))
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    assert GitlabHook([secret], now=lambda: NOW).command(gitlab_signed(GITLAB, secret=secret)) is not None


@pytest.mark.parametrize("age", [340, -340])
def test_a_request_that_somebody_kept_does_nothing(age: int) -> None:
    with pytest.raises(Unauthenticated):
        a_gitlab().command(gitlab_signed(GITLAB, NOW - age))
    later = GithubHook([SECRET], now=lambda: NOW + age)
    with pytest.raises(BadHook, match="not of the last 5 minutes"):
        later.command(github(GITHUB))


def test_the_same_deployment_is_the_same_command_and_no_other_domains() -> None:
    """Whatever headers say, which are not signed."""
    one, again = (a_github().command(github(GITHUB, x_github_delivery=name)) for name in ("1", "2"))
    other = a_github().command(github(GITHUB, domain="b.com"))
    assert one is not None
    assert again is not None
    assert other is not None
    assert one.id == again.id != other.id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"payload=%7B%7D", "body"),
        ({**GITHUB, "deployment_status": {**GITHUB["deployment_status"], "updated_at": "yesterday"}}, "body"),  # type: ignore[dict-item]
        ({**GITHUB, "repository": {"name": "a\nb"}}, "service"),
        ({**GITHUB, "repository": []}, "service"),
    ],
    ids=["a form", "no time", "line ends", "no repository"],
)
def test_what_is_wrong_is_told(body: Any, field: str) -> None:
    with pytest.raises(BadHook) as problem:
        a_github().command(github(body))
    assert problem.value.field == field


def test_paths_are_there_where_their_secret_is_known() -> None:
    assert list(routes(HooksConfig())) == ["/deployments"]
    both = HooksConfig(github=CodeHostConfig(secrets=[SECRET]), gitlab=GitlabConfig(secrets=[SECRET]))
    assert list(routes(both)) == ["/deployments", "/hooks/github", "/hooks/gitlab"]
    with pytest.raises(ValueError, match="16 characters"):
        CodeHostConfig(secrets=["short"])
