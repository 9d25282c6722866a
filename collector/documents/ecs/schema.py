"""The fields of the Elastic Common Schema that attributes of logs can fill, by the kind of value they hold.

Source: https://www.elastic.co/docs/reference/ecs, version 8.17. An attribute of such a name is that field already.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

VERSION = "8.17.0"


class Kind(Enum):
    """What a field holds."""

    TEXT = "text"  # keyword, wildcard, match_only_text: any scalar, written as a string
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ADDRESS = "address"  # an IP address
    DATE = "date"


_TEXT = """
client.address client.domain client.mac client.user.id client.user.name
cloud.account.id cloud.account.name cloud.availability_zone cloud.instance.id cloud.instance.name cloud.machine.type
cloud.project.id cloud.project.name cloud.provider cloud.region cloud.service.name
container.id container.image.name container.image.tag container.image.hash.all container.name container.runtime
data_stream.dataset data_stream.namespace data_stream.type
destination.address destination.domain destination.mac destination.user.id destination.user.name
device.id device.manufacturer device.model.identifier device.model.name
dns.id dns.op_code dns.question.class dns.question.name dns.question.registered_domain dns.question.type dns.response_code
dns.type
email.direction email.from.address email.message_id email.subject email.to.address
error.code error.id error.message error.stack_trace error.type
event.action event.category event.code event.hash event.id event.kind event.original event.outcome event.provider
event.reason event.reference event.type event.url
faas.execution faas.id faas.name faas.trigger.request_id faas.trigger.type faas.version
file.directory file.extension file.hash.md5 file.hash.sha1 file.hash.sha256 file.mime_type file.name file.owner file.path
file.type
group.domain group.id group.name
host.architecture host.domain host.hostname host.id host.mac host.name host.type host.os.family host.os.full
host.os.kernel host.os.name host.os.platform host.os.type host.os.version
http.request.id http.request.method http.request.mime_type http.request.referrer http.request.body.content
http.response.mime_type http.response.body.content http.version
log.file.path log.level log.logger log.origin.file.name log.origin.function
message
network.application network.direction network.name network.protocol network.transport network.type
network.vlan.id network.community_id
observer.name observer.product observer.type observer.vendor observer.version
orchestrator.cluster.id orchestrator.cluster.name orchestrator.cluster.url orchestrator.namespace
orchestrator.resource.id orchestrator.resource.name orchestrator.resource.type orchestrator.type
organization.id organization.name
package.name package.version
process.args process.command_line process.entity_id process.executable process.name process.parent.name
process.parent.executable process.thread.name process.title process.working_directory process.user.id process.user.name
process.hash.sha256
rule.category rule.description rule.id rule.name rule.reference rule.ruleset rule.uuid rule.version
server.address server.domain server.mac server.user.id server.user.name
service.address service.environment service.id service.name service.node.name service.node.role service.state
service.type service.version
source.address source.domain source.mac source.user.id source.user.name
span.id tags
threat.framework threat.group.id threat.group.name threat.tactic.id threat.tactic.name
threat.technique.id threat.technique.name threat.software.id threat.software.name
tls.cipher tls.client.issuer tls.client.ja3 tls.client.server_name tls.client.subject tls.server.issuer
tls.server.ja3s tls.server.subject tls.version tls.version_protocol
trace.id transaction.id
url.domain url.extension url.fragment url.full url.original url.path url.query url.registered_domain url.scheme
url.subdomain url.top_level_domain url.username
user.domain user.email user.full_name user.hash user.id user.name user.roles
user.effective.id user.effective.name user.target.id user.target.name
user_agent.device.name user_agent.name user_agent.original user_agent.version
vulnerability.id vulnerability.severity
client.as.organization.name source.as.organization.name destination.as.organization.name
client.geo.city_name client.geo.country_iso_code source.geo.city_name source.geo.country_iso_code
destination.geo.city_name destination.geo.country_iso_code
"""
_INTEGERS = """
client.bytes client.packets client.port destination.bytes destination.packets destination.port
event.duration event.sequence event.severity file.size host.uptime
http.request.body.bytes http.request.bytes http.response.body.bytes http.response.bytes http.response.status_code
log.origin.file.line network.bytes network.packets
process.exit_code process.parent.pid process.pid process.thread.id
server.bytes server.packets server.port source.bytes source.packets source.port url.port
client.as.number source.as.number destination.as.number
"""
_NUMBERS = "event.risk_score event.risk_score_norm"
_BOOLEANS = "faas.coldstart tls.established tls.resumed"
_ADDRESSES = "client.ip destination.ip dns.resolved_ip host.ip observer.ip related.ip server.ip source.ip"
_DATES = "event.created event.end event.start file.created file.mtime package.installed process.start"

FIELDS: Mapping[str, Kind] = {
    **dict.fromkeys(_TEXT.split(), Kind.TEXT),
    **dict.fromkeys(_INTEGERS.split(), Kind.INTEGER),
    **dict.fromkeys(_NUMBERS.split(), Kind.NUMBER),
    **dict.fromkeys(_BOOLEANS.split(), Kind.BOOLEAN),
    **dict.fromkeys(_ADDRESSES.split(), Kind.ADDRESS),
    **dict.fromkeys(_DATES.split(), Kind.DATE),
}

LISTED: Mapping[str, frozenset[str]] = {
    "event.kind": frozenset(["alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"]),
    "event.category": frozenset(
        [
            "api",
            "authentication",
            "configuration",
            "database",
            "driver",
            "email",
            "file",
            "host",
            "iam",
            "intrusion_detection",
            "library",
            "malware",
            "network",
            "package",
            "process",
            "registry",
            "session",
            "threat",
            "vulnerability",
            "web",
        ]
    ),
    "event.type": frozenset(
        [
            "access",
            "admin",
            "allowed",
            "change",
            "connection",
            "creation",
            "deletion",
            "denied",
            "end",
            "error",
            "group",
            "indicator",
            "info",
            "installation",
            "protocol",
            "start",
            "user",
        ]
    ),
    "event.outcome": frozenset({"failure", "success", "unknown"}),
}
"""Fields with a fixed list of values: anything else is no such field."""

RENAMED: Mapping[str, str] = {
    "client.socket.address": "client.ip",
    "cloud.platform": "cloud.service.name",
    "cloud.resource_id": "cloud.instance.id",
    "code.column": "labels.code_column",
    "code.file.path": "log.origin.file.name",
    "code.filepath": "log.origin.file.name",
    "code.function": "log.origin.function",
    "code.function.name": "log.origin.function",
    "code.line.number": "log.origin.file.line",
    "code.lineno": "log.origin.file.line",
    "container.image.tags": "container.image.tag",
    "deployment.environment": "service.environment",
    "deployment.environment.name": "service.environment",
    "enduser.id": "user.id",
    "enduser.pseudo.id": "user.name",
    "enduser.role": "user.roles",
    "event.name": "event.action",
    "exception.message": "error.message",
    "exception.stacktrace": "error.stack_trace",
    "exception.type": "error.type",
    "faas.instance": "faas.id",
    "faas.invocation_id": "faas.execution",
    "faas.trigger": "faas.trigger.type",
    "host.arch": "host.architecture",
    "http.client_ip": "client.address",
    "http.flavor": "http.version",
    "http.method": "http.request.method",
    "http.request.body.size": "http.request.body.bytes",
    "http.request.size": "http.request.bytes",
    "http.request_content_length": "http.request.body.bytes",
    "http.response.body.size": "http.response.body.bytes",
    "http.response.size": "http.response.bytes",
    "http.response_content_length": "http.response.body.bytes",
    "http.scheme": "url.scheme",
    "http.status_code": "http.response.status_code",
    "http.target": "url.original",
    "http.url": "url.full",
    "http.user_agent": "user_agent.original",
    "k8s.cluster.name": "orchestrator.cluster.name",
    "k8s.cluster.uid": "orchestrator.cluster.id",
    "k8s.namespace.name": "orchestrator.namespace",
    "log.file.name": "labels.log_file_name",
    "network.protocol.name": "network.protocol",
    "os.description": "host.os.full",
    "os.name": "host.os.name",
    "os.type": "host.os.platform",
    "os.version": "host.os.version",
    "process.executable.name": "process.name",
    "process.executable.path": "process.executable",
    "process.command_args": "process.args",
    "process.owner": "process.user.name",
    "process.parent_pid": "process.parent.pid",
    "server.socket.address": "server.ip",
    "service.instance.id": "service.node.name",
    "thread.id": "process.thread.id",
    "thread.name": "process.thread.name",
}
"""OpenTelemetry's attributes, present and past, that are an ECS field under another name."""

OWN: Mapping[str, str] = {
    "logboom.triage.rule": "rule.id",
}
"""What triage adds; all else of `logboom.` stands under `labels`."""


def name_of(attribute: str) -> str:
    """The field for an attribute. What the schema has no field for is a label: ECS wants those flat, so dots go."""
    name = OWN.get(attribute) or RENAMED.get(attribute, attribute)
    return name if name in FIELDS or (name.startswith("labels.") and name.count(".") == 1) else label_of(attribute)


def label_of(attribute: str) -> str:
    """`thread.group` → `labels.thread_group`; a name of nothing, which no search engine takes, is `_`."""
    name = attribute.removeprefix("labels.").replace(".", "_")
    return f"labels.{name if name.strip() else '_'}"
