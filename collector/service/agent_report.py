"""How the service stands, as an OpAMP server is told it: who it is, health by pipeline and component, what runs, which components there are."""

from __future__ import annotations

import hashlib
import json
import platform
import socket
import uuid
from collections.abc import Iterator, Mapping

from collector.component import Kind
from collector.console.service_state import ServiceState
from collector.extensions.opamp.config import OpampConfig
from collector.registry import default_registry
from collector.release import release
from collector.settings.model import PipelineSettings, Settings
from collector.telemetry.snapshot import Snapshot
from otlp_wire.opamp import Capability, Components, ConfigFile, Health

OK, STARTING, STOPPING, RECOVERABLE = "StatusOK", "StatusStarting", "StatusStopping", "StatusRecoverableError"
"""The OpenTelemetry Collector's words."""
_BLOCKED = "blocked"
_SERVICE_NAME = "logboom"


def capabilities(config: OpampConfig) -> Capability:
    """What the options turn on."""
    chosen = config.capabilities
    can = Capability.REPORTS_STATUS
    for on, capability in (
        (chosen.reports_effective_config, Capability.REPORTS_EFFECTIVE_CONFIG),
        (chosen.reports_health, Capability.REPORTS_HEALTH),
        (chosen.reports_available_components, Capability.REPORTS_AVAILABLE_COMPONENTS),
        (chosen.reports_heartbeat, Capability.REPORTS_HEARTBEAT),
        (chosen.accepts_remote_config, Capability.ACCEPTS_REMOTE_CONFIG | Capability.REPORTS_REMOTE_CONFIG),
        (chosen.accepts_restart_command, Capability.ACCEPTS_RESTART_COMMAND),
    ):
        can |= capability if on else Capability(0)
    return can


def description(settings: Settings, config: OpampConfig, uid: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Attributes by which it is known, and others."""
    resource = settings.service.telemetry.attributes
    known = {
        "service.name": resource.get("service.name", _SERVICE_NAME),
        "service.version": resource.get("service.version", release()),
        "service.instance.id": str(uuid.UUID(bytes=uid)),
    }
    others = {
        "os.type": platform.system().lower(),
        "os.description": f"{platform.system()} {platform.release()}",
        "host.arch": platform.machine(),
        "host.name": socket.gethostname(),
    }
    chosen = config.agent_description
    return known, others | (resource if chosen.include_resource_attributes else {}) | chosen.non_identifying_attributes


def effective(settings: Settings) -> dict[str, ConfigFile]:
    """What runs, without secrets: one file without a name, as the Collector's extension tells it."""
    return {"": ConfigFile(settings.effective.encode(), "text/yaml")}


def available() -> Components:
    """The types that there are, without loading any."""
    registry = default_registry()
    found = {
        kind.value: {name: {"distribution": registry.origin(kind, name)} for name in registry.types(kind)}
        for kind in Kind
    }
    told = json.dumps([release(), found], sort_keys=True)
    return Components(hashlib.sha256(told.encode()).digest(), found)


def health(settings: Settings, state: ServiceState | None) -> Health:
    """As the supervisor last saw it."""
    if state is None:
        return Health(False, STARTING)
    seen, snapshot = state.health, state.snapshot
    word = {"stopping": STOPPING, "starting": STARTING}.get(
        seen.phase, OK if seen.ready and not seen.degraded else RECOVERABLE
    )
    parts = {f"pipeline:{each.id}": _pipeline(each, snapshot) for each in settings.pipelines.values()}
    told = {f"extension:{ident}": Health(True, OK) for ident in settings.extensions}
    if told:
        parts["extensions"] = Health(True, OK, parts=told)
    started_unix_nano = int(seen.started_unix * 1e9)
    return Health(seen.ready and seen.live, word, "; ".join(seen.degraded), started_unix_nano, parts)


def _pipeline(pipeline: PipelineSettings, snapshot: Snapshot) -> Health:
    parts = dict(_components(pipeline, snapshot))
    rests = snapshot.resting.get(pipeline.id, "")
    reasons = [*([rests] if rests else []), *(f"{name}: {each.error}" for name, each in parts.items() if each.error)]
    return Health(not reasons, RECOVERABLE if reasons else OK, "; ".join(reasons), parts=parts)


def _components(pipeline: PipelineSettings, snapshot: Snapshot) -> Iterator[tuple[str, Health]]:
    for name in [*pipeline.receivers, *pipeline.fed_by]:
        silent = [listener for listener, seen in snapshot.listeners.items() if _of(listener, name) and seen.failures]
        yield f"receiver:{name}", _health("; ".join(f"{listener} does not answer" for listener in silent))
    for name in pipeline.processors:
        yield f"processor:{name}", _health("")
    for name in [*pipeline.exporters, *pipeline.connectors]:
        said: Mapping[str, object] = snapshot.exporters.get(name, {})
        yield f"exporter:{name}", _health(str(said.get("reason", "")) if said.get("state") == _BLOCKED else "")


def _of(listener: str, receiver: str) -> bool:
    return listener == receiver or listener.startswith(f"{receiver} ")


def _health(error: str) -> Health:
    return Health(not error, RECOVERABLE if error else OK, error)
