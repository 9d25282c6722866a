"""Which hook stands at which path."""

from __future__ import annotations

from collections.abc import Mapping

from collector.receivers.hooks.deployments import DeploymentHook
from collector.receivers.hooks.hook import Handler

ROUTES: Mapping[str, Handler] = {"/deployments": DeploymentHook()}
