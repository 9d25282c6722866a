"""`/hooks/github` and `/hooks/gitlab`: a deployment that ended well, told by the code host itself, signed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import xxhash

from collector.control.command import DEPLOYMENT, command
from collector.control.deployment import Deployment, NoDeployment
from collector.control.record import ControlRecord, Unfit
from collector.receivers.hooks.hook import BadHook, Hook
from collector.receivers.hooks.signatures import WINDOW_SECS, check_github, check_standard, check_token

_VERSION = re.compile(r"(?:refs/tags/)?(v?\d[\w.+-]*)")
_SHA = 12
_MOST_BYTES = 1 << 20


class CodeHostHook:
    """What both have in common.

    Args:
        secrets: of the webhook; several while one is being changed.
        service: the service.name of what is deployed; empty: the repository's name.
        now: Unix seconds.
    """

    host = ""
    max_bytes = _MOST_BYTES
    knows_domain = False

    def __init__(self, secrets: Sequence[str], service: str = "", now: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._service = service
        self._now = now

    def command(self, hook: Hook) -> ControlRecord | None:
        """See `Handler.command`; None for what is no deployment that ended well."""
        self.check(hook)
        try:
            said = orjson.loads(hook.body)
        except ValueError:
            raise BadHook("body", "body: not valid JSON; set the webhook's content type to application/json") from None
        found = self.deployment(said) if isinstance(said, dict) else None
        if found is None:
            return None
        name, deployment, at = found
        if abs(self._now() - at) > WINDOW_SECS:
            raise BadHook("body", "it is not of the last 5 minutes")
        # The id is of what was signed: who sends a kept request again tells nothing new.
        id_ = xxhash.xxh3_128_hexdigest(f"{hook.domain}\0{self.host}\0{name}".encode())
        try:
            return command(
                DEPLOYMENT, hook.domain, deployment.of_command(), who=self.host, id_=id_, body=deployment.sentence()
            )
        except Unfit as problem:
            raise BadHook("body", str(problem)) from None

    def check(self, hook: Hook) -> None:
        """That the host sent it. Raises `Unauthenticated`."""
        raise NotImplementedError

    def deployment(self, said: Mapping[str, Any]) -> tuple[str, Deployment, float] | None:
        """(what names it, what it says, when). Raises `BadHook`."""
        raise NotImplementedError

    def made(self, repository: str, version: str, environment: str, at: float, url: str) -> Deployment:
        """Checked. Raises `BadHook`."""
        shown = url if url.startswith(("https://", "http://")) and len(url) <= 2048 else ""
        try:
            return Deployment("", self._service or repository, version, environment, int(at * 1e9), shown)
        except NoDeployment as problem:
            raise BadHook(problem.field, str(problem)) from None


class GithubHook(CodeHostHook):
    """GitHub's event `deployment_status` with the state `success`."""

    host = "github"

    def check(self, hook: Hook) -> None:
        """By `X-Hub-Signature-256`."""
        check_github(self._secrets, hook.header, hook.body)

    def deployment(self, said: Mapping[str, Any]) -> tuple[str, Deployment, float] | None:
        """Version: `version` of the deployment's own payload, else a ref that is one, else the commit."""
        status, deployed = _part(said, "deployment_status"), _part(said, "deployment")
        if _text(status, "state") != "success" or not deployed:
            return None
        own = _part(deployed, "payload")
        version = _text(own, "version") or _version(_text(deployed, "ref"), _text(deployed, "sha"))
        at = _moment(_text(status, "updated_at") or _text(status, "created_at"))
        repository = _text(own, "service") or _text(_part(said, "repository"), "name")
        environment = _text(status, "environment") or _text(deployed, "environment")
        url = _text(status, "target_url") or _text(status, "log_url") or _text(status, "environment_url")
        return str(status.get("id")), self.made(repository, version, environment, at, url), at


class GitlabHook(CodeHostHook):
    """GitLab's deployment event with the status `success`."""

    host = "gitlab"

    def check(self, hook: Hook) -> None:
        """By its signing token (Standard Webhooks) where the request is signed, else by `X-Gitlab-Token`."""
        if hook.header("webhook-signature") is not None:
            check_standard(self._secrets, hook.header, hook.body, self._now())
        else:
            check_token(self._secrets, hook.header)

    def deployment(self, said: Mapping[str, Any]) -> tuple[str, Deployment, float] | None:
        """Version: a ref that is one, else the commit."""
        if _text(said, "object_kind") != "deployment" or _text(said, "status") != "success":
            return None
        at = _moment(_text(said, "status_changed_at"))
        version = _version(_text(said, "ref"), _text(said, "short_sha"))
        repository = _text(_part(said, "project"), "name")
        url = _text(said, "deployable_url") or _text(said, "commit_url")
        return str(said.get("deployment_id")), self.made(repository, version, _text(said, "environment"), at, url), at


def _version(ref: str, sha: str) -> str:
    found = _VERSION.fullmatch(ref)
    return found[1] if found else sha[:_SHA]


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) else ""


def _moment(text: str) -> float:
    """`2026-03-01T12:00:00Z`, or GitLab's `2026-03-01 12:00:00 +0200` and `… UTC`."""
    for form in ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S %z"):
        try:
            return datetime.strptime(text.removesuffix(" UTC") + " +0000" * text.endswith(" UTC"), form).timestamp()
        except ValueError:
            continue
    raise BadHook("body", "it says no time")
