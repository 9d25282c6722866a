"""`/hooks/github`: deployments, and what people did with issues; one webhook sends both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import time

import orjson

from collector.control.record import ControlRecord
from collector.receivers.hooks.code_hosts import GithubHook
from collector.receivers.hooks.github_issues import GithubIssuesHook
from collector.receivers.hooks.hook import Hook, HookOrder


class GithubHooks:
    """Which of them it is stands in the body: headers are not signed."""

    max_bytes = GithubHook.max_bytes
    knows_domain = False

    def __init__(
        self, secrets: Sequence[str], service: str = "", ours: Iterable[str] = (), now: Callable[[], float] = time
    ) -> None:
        self._deployments = GithubHook(secrets, service, now)
        self._issues = GithubIssuesHook(secrets, ours, now)

    def command(self, hook: Hook) -> ControlRecord | HookOrder | None:
        """See `Handler.command`."""
        self._issues.check(hook)
        return (self._issues if _is_about_an_issue(hook.body) else self._deployments).command(hook)


def _is_about_an_issue(body: bytes) -> bool:
    try:
        said = orjson.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and "issue" in said
