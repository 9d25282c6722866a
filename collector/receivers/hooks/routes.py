"""Which hook stands at which path."""

from __future__ import annotations

from collections.abc import Mapping

from collector.receivers.hooks.code_hosts import GitlabHook
from collector.receivers.hooks.config import HooksConfig, SecretsConfig
from collector.receivers.hooks.deployments import DeploymentHook
from collector.receivers.hooks.github import GithubHooks
from collector.receivers.hooks.hook import Handler
from collector.receivers.hooks.jira import JiraHook
from collector.receivers.hooks.jsm import JsmHook
from collector.receivers.hooks.pagerduty import PagerdutyHook
from collector.receivers.hooks.servicenow import ServicenowHook
from collector.receivers.hooks.slack import SlackHook
from collector.receivers.hooks.slack_replies import post
from collector.receivers.hooks.state_hook import StateHook
from collector.signed_links import Signer

_STATES: tuple[type[StateHook], ...] = (JiraHook, JsmHook, PagerdutyHook, ServicenowHook)


def routes(config: HooksConfig, signer: Signer | None = None) -> Mapping[str, Handler]:
    """Path → its hook; those of other systems only where their secret is known."""
    found: dict[str, Handler] = {"/deployments": DeploymentHook()}
    if config.github is not None:
        found["/hooks/github"] = GithubHooks(_secrets(config.github), config.github.service, config.github.ours)
    if config.gitlab is not None:
        found["/hooks/gitlab"] = GitlabHook(_secrets(config.gitlab), config.gitlab.service)
    for hook in _STATES:
        given = getattr(config, hook.vendor)
        if given is not None:
            found[f"/hooks/{hook.vendor}"] = hook(_secrets(given), given.ours)
    if config.slack is not None:
        found["/hooks/slack"] = SlackHook(_secrets(config.slack), signer, post)
    return found


def _secrets(config: SecretsConfig) -> list[str]:
    return [secret.get_secret_value() for secret in config.secrets]
