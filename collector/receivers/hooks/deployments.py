"""`/deployments`: a version of a service runs somewhere from now on."""

from __future__ import annotations

import orjson

from collector.control.command import DEPLOYMENT, command
from collector.control.deployment import Deployment, NoDeployment
from collector.control.record import ControlRecord, Unfit
from collector.receivers.hooks.hook import BadHook, Hook


class DeploymentHook:
    """`{"service", "version", "environment", "time"?, "url"?}`."""

    max_bytes = 64 << 10
    knows_domain = False

    def command(self, hook: Hook) -> ControlRecord:
        """See `Handler.command`."""
        try:
            body = orjson.loads(hook.body)
        except ValueError:
            raise BadHook("body", "body: not valid JSON") from None
        try:
            deployment = Deployment.of_body(body, "")
            said = deployment.of_command()
            return command(DEPLOYMENT, hook.domain, said, who=hook.who, id_=hook.id, body=deployment.sentence())
        except NoDeployment as problem:
            raise BadHook(problem.field, str(problem)) from None
        except Unfit as problem:
            raise BadHook("body", str(problem)) from None
