"""Which hook stands at which path."""

from __future__ import annotations

from collections.abc import Mapping

from collector.receivers.hooks.code_hosts import GithubHook, GitlabHook
from collector.receivers.hooks.config import CodeHostConfig, HooksConfig
from collector.receivers.hooks.deployments import DeploymentHook
from collector.receivers.hooks.hook import Handler


def routes(config: HooksConfig) -> Mapping[str, Handler]:
    """Path → its hook; those of code hosts only where their secret is known."""
    found: dict[str, Handler] = {"/deployments": DeploymentHook()}
    if config.github is not None:
        found["/hooks/github"] = GithubHook(_secrets(config.github), config.github.service)
    if config.gitlab is not None:
        found["/hooks/gitlab"] = GitlabHook(_secrets(config.gitlab), config.gitlab.service)
    return found


def _secrets(config: CodeHostConfig) -> list[str]:
    return [secret.get_secret_value() for secret in config.secrets]
