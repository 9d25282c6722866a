"""Attributes of OpenTelemetry and their names in the Elastic Common Schema.

Source: the README of the OpenTelemetry Collector's elasticsearch exporter, "ECS mapping mode".
"""

from __future__ import annotations

RESOURCE = {
    "service.instance.id": "service.node.name",
    "deployment.environment": "service.environment",
    "deployment.environment.name": "service.environment",
    "cloud.platform": "cloud.service.name",
    "container.image.tags": "container.image.tag",
    "host.arch": "host.architecture",
    "process.parent_pid": "process.parent.pid",
    "process.executable.name": "process.title",
    "process.executable.path": "process.executable",
    "process.command_line": "process.args",
    "process.runtime.name": "service.runtime.name",
    "process.runtime.version": "service.runtime.version",
    "os.name": "host.os.name",
    "os.type": "host.os.platform",
    "os.description": "host.os.full",
    "os.version": "host.os.version",
    "client.address": "client.ip",
    "source.address": "source.ip",
    "k8s.deployment.name": "kubernetes.deployment.name",
    "k8s.namespace.name": "kubernetes.namespace",
    "k8s.node.name": "kubernetes.node.name",
    "k8s.pod.name": "kubernetes.pod.name",
    "k8s.pod.uid": "kubernetes.pod.uid",
    "k8s.job.name": "kubernetes.job.name",
    "k8s.cronjob.name": "kubernetes.cronjob.name",
    "k8s.statefulset.name": "kubernetes.statefulset.name",
    "k8s.replicaset.name": "kubernetes.replicaset.name",
    "k8s.daemonset.name": "kubernetes.daemonset.name",
    "k8s.container.name": "kubernetes.container.name",
    "k8s.cluster.name": "orchestrator.cluster.name",
    "faas.instance": "faas.id",
    "faas.trigger": "faas.trigger.type",
}
LEFT_OUT = [
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "telemetry.distro.name",
    "telemetry.distro.version",
]
RECORD = {
    "event.name": "event.action",
    "exception.message": "error.message",
    "exception.stacktrace": "error.stacktrace",
    "exception.type": "error.type",
    "exception.escaped": "event.error.exception.handled",
    "http.response.body.size": "http.response.encoded_body_size",
}
PROTECTED = frozenset({*RESOURCE.values(), *RECORD.values(), "host.hostname"})
"""Names of the schema: an attribute below one of them gives way."""
