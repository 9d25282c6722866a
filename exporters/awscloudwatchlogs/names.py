"""Names of log groups and streams, with attributes of the resource in them: `/ecs/{ClusterName}`."""

from __future__ import annotations

import re

ATTRIBUTES = {
    "ClusterName": "aws.ecs.cluster.name", "TaskId": "aws.ecs.task.id", "NodeName": "k8s.node.name", "PodName": "pod",
    "ServiceName": "service.name", "ContainerInstanceId": "aws.ecs.container.instance.id", "TaskDefinitionFamily": "aws.ecs.task.family",
    "InstanceId": "service.instance.id", "FaasName": "faas.name", "FaasVersion": "faas.version",
}  # fmt: skip
"""Placeholder → the attribute that it stands for; an attribute with the placeholder's own name goes before it."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(name: str) -> list[str]:
    """Those of a name."""
    return _PLACEHOLDER.findall(name)
