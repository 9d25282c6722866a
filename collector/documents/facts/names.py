"""What a security event says, and the attributes of OpenTelemetry's semantic conventions that say it.

The first attribute that a record has wins; then those of its resource, in the same order. Names that the conventions
gave up (`net.peer.ip`, `http.method`, `enduser.id`, …) stand behind those that took their place.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.documents.facts import sides

PATH_AND_QUERY = "url.path?url.query"
"""Not an attribute: the two together, as in a request line."""

FACTS: Mapping[str, tuple[str, ...]] = {
    "peer address": sides.PEER_ADDRESS,
    "peer port": sides.PEER_PORT,
    "local address": sides.LOCAL_ADDRESS,
    "local port": sides.LOCAL_PORT,
    "source address": ("client.address", "source.address", "http.client_ip"),
    "source port": ("client.port", "source.port"),
    "destination address": ("server.address", "destination.address", "net.host.name", "http.host"),
    "destination port": ("server.port", "destination.port", "net.host.port"),
    "transport": ("network.transport", "net.transport"),
    "application protocol": ("network.protocol.name", "net.app.protocol.name", "url.scheme", "http.scheme"),
    "user name": ("user.name", "user.email", "enduser.pseudo.id"),
    "user id": ("user.id", "enduser.id"),
    "user role": ("enduser.role", "user.role"),
    "url": ("url.full", "http.url", PATH_AND_QUERY, "url.path", "http.target"),
    "method": ("http.request.method", "http.method"),
    "user agent": ("user_agent.original", "http.user_agent"),
    "status code": ("http.response.status_code", "http.status_code"),
    "outcome": ("event.outcome",),
    "request size": ("http.request.body.size", "http.request_content_length"),
    "response size": ("http.response.body.size", "http.response_content_length"),
    "reason": ("exception.type", "error.type"),
    "detail": ("exception.message",),
    "file path": ("file.path",),
    "file name": ("file.name",),
    "file size": ("file.size",),
    "host name": ("host.name",),
    "host address": ("host.ip",),
    "host id": ("host.id", "service.instance.id"),
    "process name": ("process.executable.name",),
    "process id": ("process.pid",),
    "service": ("service.name",),
    "environment": ("deployment.environment.name", "deployment.environment"),
    "component": ("logboom.component",),
    "endpoint": ("logboom.endpoint", "http.route"),
    "action": ("logboom.triage.action",),
    "level": ("logboom.triage.level",),
    "rule": ("logboom.triage.rule",),
    "issue": ("logboom.issue.id",),
    "pattern": ("logboom.pattern.id",),
    "count": ("logboom.aggregate.count",),
    "threat actor": ("threat.group.name",),
    "threat technique": ("threat.technique.id",),
    "threat framework": ("threat.framework",),
    "group of the resource": ("k8s.namespace.name",),
    "name of the resource": ("k8s.pod.name", "container.name"),
    "id of the resource": ("k8s.pod.uid", "container.id", "cloud.resource_id"),
}

MESSAGE = ("exception.message",)
"""What stands for the body of a record without one."""

ELSEWHERE = frozenset(
    {"logboom.source_type", "logboom.error_type", "logboom.domain", "logboom.record.id", "event.name"}
)
"""Attributes that an event shows without being in `FACTS`."""
