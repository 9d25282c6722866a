"""Messages of the Open Agent Management Protocol, to and from plain values.

Source: open-telemetry/opamp-spec, proto/opamp.proto; the compiled schema is that of `opentelemetry-opamp-client`, of which nothing else is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any

from opentelemetry._opamp.proto import anyvalue_pb2
from opentelemetry._opamp.proto import opamp_pb2 as schema

from collector.errors import InvalidPayload
from otlp_wire.messages import DecodeError

FRAME = b"\0"
"""In front of each message over a WebSocket: a header, which is 0 as a varint."""


class Capability(IntFlag):
    """What an agent does, by the bits of `AgentCapabilities`."""

    REPORTS_STATUS = 0x1
    ACCEPTS_REMOTE_CONFIG = 0x2
    REPORTS_EFFECTIVE_CONFIG = 0x4
    ACCEPTS_RESTART_COMMAND = 0x400
    REPORTS_HEALTH = 0x800
    REPORTS_REMOTE_CONFIG = 0x1000
    REPORTS_HEARTBEAT = 0x2000
    REPORTS_AVAILABLE_COMPONENTS = 0x4000


@dataclass(frozen=True, slots=True)
class Health:
    """How a component does, and the parts of it. `status` is a word of the OpenTelemetry Collector's: `StatusOK` …"""

    healthy: bool
    status: str
    error: str = ""
    started_unix_nano: int = 0
    parts: Mapping[str, Health] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file of a configuration; `content_type` is empty for YAML."""

    body: bytes
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """What became of the configuration with this hash: `UNSET`, `APPLIED`, `APPLYING` or `FAILED`, and why."""

    hash: bytes
    status: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Components:
    """Section → the types that there are of it, each with what is to be said of it; the whole under a hash."""

    hash: bytes
    sections: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent says of itself; what is None was said before, and is the same. Both maps of attributes hold texts."""

    identifying: Mapping[str, str] | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    health: Health | None = None
    effective: Mapping[str, ConfigFile] | None = None
    remote: RemoteStatus | None = None
    components: Components | None = None
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """What a server says. `refused`: it could not take our message, and of which kind that is (`BadRequest`), never in its words, which may
    repeat our credentials; `again_secs`: when to come again, where it says so.

    `offer` is the hash and the files of a remote configuration. `full` and `all_components`: it asks for all of it."""

    refused: str | None = None
    again_secs: float | None = None
    offer: tuple[bytes, Mapping[str, ConfigFile]] | None = None
    full: bool = False
    all_components: bool = False
    new_uid: bytes = b""
    restart: bool = False
    heartbeat_secs: int | None = None


def agent_message(uid: bytes, number: int, can: Capability, report: AgentReport, at_unix_nano: int) -> bytes:
    """An `AgentToServer`. `uid`: 16 bytes; `number`: one more than that of the message before."""
    said = schema.AgentToServer(instance_uid=uid, sequence_num=number, capabilities=int(can))
    if report.identifying is not None:
        said.agent_description.identifying_attributes.extend(_attributes(report.identifying))
        said.agent_description.non_identifying_attributes.extend(_attributes(report.others))
    if report.health is not None:
        said.health.CopyFrom(_health(report.health, at_unix_nano))
    if report.effective is not None:
        said.effective_config.config_map.SetInParent()
        for name, file in report.effective.items():
            said.effective_config.config_map.config_map[name].body = file.body
            said.effective_config.config_map.config_map[name].content_type = file.content_type
    if report.remote is not None:
        said.remote_config_status.CopyFrom(
            schema.RemoteConfigStatus(
                last_remote_config_hash=report.remote.hash,
                status=schema.RemoteConfigStatuses.Value(f"RemoteConfigStatuses_{report.remote.status}"),
                error_message=report.remote.error,
            )
        )
    if report.components is not None:
        said.available_components.CopyFrom(_components(report.components))
    if report.leaves:
        said.agent_disconnect.SetInParent()
    return bytes(said.SerializeToString())


def server_message(body: bytes) -> ServerMessage:
    """A `ServerToAgent`. Raises `InvalidPayload`."""
    try:
        said = schema.ServerToAgent.FromString(body)
    except DecodeError:
        raise InvalidPayload("invalid protobuf: the message is no ServerToAgent") from None
    offer = None
    if said.HasField("remote_config"):
        files = said.remote_config.config.config_map.items()
        read = {name: ConfigFile(file.body, file.content_type) for name, file in files}
        offer = said.remote_config.config_hash, read
    flags = said.flags
    opamp = said.connection_settings.opamp
    return ServerMessage(
        refused=_kind_of_refusal(said.error_response.type) if said.HasField("error_response") else None,
        again_secs=_again_secs(said),
        offer=offer,
        full=bool(flags & schema.ServerToAgentFlags_ReportFullState),
        all_components=bool(flags & schema.ServerToAgentFlags_ReportAvailableComponents),
        new_uid=said.agent_identification.new_instance_uid,
        restart=said.HasField("command") and said.command.type == schema.CommandType_Restart,
        heartbeat_secs=opamp.heartbeat_interval_seconds if said.connection_settings.HasField("opamp") else None,
    )


def framed(message: bytes) -> bytes:
    """A message as it goes over a WebSocket."""
    return FRAME + message


def unframed(frame: bytes) -> bytes:
    """The message in a frame of a WebSocket. Raises `InvalidPayload`."""
    if frame[:1] != FRAME:
        raise InvalidPayload("the header of the frame is not 0")
    return frame[1:]


def _kind_of_refusal(number: int) -> str:
    known = schema.ServerErrorResponseType.DESCRIPTOR.values_by_number.get(number)
    return str(number) if known is None else known.name.removeprefix("ServerErrorResponseType_")


def _again_secs(said: Any) -> float | None:
    if not said.error_response.HasField("retry_info"):
        return None
    return float(said.error_response.retry_info.retry_after_nanoseconds / 1e9)


def _attributes(pairs: Mapping[str, str]) -> Sequence[Any]:
    return [
        anyvalue_pb2.KeyValue(key=name, value=anyvalue_pb2.AnyValue(string_value=text)) for name, text in pairs.items()
    ]


def _health(health: Health, at_unix_nano: int) -> Any:
    return schema.ComponentHealth(
        healthy=health.healthy,
        status=health.status,
        last_error=health.error,
        start_time_unix_nano=health.started_unix_nano,
        status_time_unix_nano=at_unix_nano,
        component_health_map={name: _health(part, at_unix_nano) for name, part in health.parts.items()},
    )


def _components(components: Components) -> Any:
    return schema.AvailableComponents(
        hash=components.hash,
        components={
            section: schema.ComponentDetails(
                sub_component_map={
                    name: schema.ComponentDetails(metadata=_attributes(told)) for name, told in types.items()
                }
            )
            for section, types in components.sections.items()
        },
    )
