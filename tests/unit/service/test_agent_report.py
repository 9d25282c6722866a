"""How the service stands, in the words of OpAMP."""

from __future__ import annotations

import time

import pytest

from collector.console.service_state import ServiceState
from collector.extensions.opamp.config import OpampConfig
from collector.outcomes import Counts
from collector.release import release
from collector.service.agent_report import available, capabilities, description, health
from collector.settings import load
from collector.telemetry.health import Health
from collector.telemetry.snapshot import ListenerState, Snapshot
from otlp_wire.opamp import Capability

SETTINGS = load(["""yaml:
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:4318"}}}}
processors: {categorize: }
exporters: {nop: , debug: }
extensions: {health_check: }
service:
  extensions: [health_check]
  telemetry: {resource: {deployment.environment.name: test}}
  pipelines: {logs: {receivers: [otlp], processors: [categorize], exporters: [nop, debug]}}
"""])  # fmt: skip
OPTIONS = {"server": {"ws": {"endpoint": "ws://127.0.0.1:1"}}}


def state(*, ready: bool = True, phase: str = "ready", degraded: tuple[str, ...] = (), **seen: object) -> ServiceState:
    snapshot = Snapshot(Counts(), **seen)  # type: ignore[arg-type]
    return ServiceState(time.time(), Health(ready, True, phase, 5.0, degraded), snapshot)


def test_all_is_well() -> None:
    told = health(SETTINGS, state())
    assert (told.healthy, told.status, told.error, told.started_unix_nano) == (True, "StatusOK", "", 5_000_000_000)
    assert set(told.parts) == {"pipeline:logs", "extensions"}
    assert set(told.parts["pipeline:logs"].parts) == {
        "receiver:otlp",
        "processor:categorize",
        "exporter:nop",
        "exporter:debug",
    }
    assert set(told.parts["extensions"].parts) == {"extension:health_check"}
    assert all(part.healthy for group in told.parts.values() for part in group.parts.values())


def test_an_exporter_that_is_blocked_is_told_where_it_stands() -> None:
    told = health(
        SETTINGS, state(degraded=("exporter nop is blocked",), exporters={"nop": {"state": "blocked", "reason": "401"}})
    )
    pipeline = told.parts["pipeline:logs"]
    assert (told.healthy, told.status, told.error) == (True, "StatusRecoverableError", "exporter nop is blocked")
    assert (pipeline.healthy, pipeline.error) == (False, "exporter:nop: 401")
    assert pipeline.parts["exporter:nop"].error == "401"
    assert pipeline.parts["exporter:debug"].healthy


def test_a_listener_that_does_not_answer_and_a_pipeline_that_rests() -> None:
    seen = {"listeners": {"otlp http": ListenerState(3, 5.0)}, "resting": {"logs": "the disk is full"}}
    pipeline = health(SETTINGS, state(**seen)).parts["pipeline:logs"]
    assert pipeline.error == "the disk is full; receiver:otlp: otlp http does not answer"


@pytest.mark.parametrize(
    ("phase", "word"),
    [("starting", "StatusStarting"), ("stopping", "StatusStopping"), ("refusing", "StatusRecoverableError")],
)
def test_who_is_not_ready_is_not_healthy(phase: str, word: str) -> None:
    told = health(SETTINGS, state(ready=False, phase=phase))
    assert (told.healthy, told.status) == (False, word)


def test_before_anything_was_seen_it_starts() -> None:
    assert (health(SETTINGS, None).healthy, health(SETTINGS, None).status) == (False, "StatusStarting")


def test_it_is_known_by_name_version_and_id() -> None:
    config = OpampConfig.model_validate(
        {
            **OPTIONS,
            "agent_description": {
                "include_resource_attributes": True,
                "non_identifying_attributes": {"os.type": "mine"},
            },
        }
    )
    known, others = description(SETTINGS, config, bytes(16))
    assert known == {
        "service.name": "logboom", "service.version": release(), "service.instance.id": "00000000-0000-0000-0000-000000000000"
    }  # fmt: skip
    assert (others["deployment.environment.name"], others["os.type"]) == ("test", "mine")
    assert "deployment.environment.name" not in description(SETTINGS, OpampConfig.model_validate(OPTIONS), bytes(16))[1]


def test_it_can_what_its_options_say() -> None:
    plain = capabilities(OpampConfig.model_validate(OPTIONS))
    assert Capability.REPORTS_HEALTH in plain
    assert Capability.ACCEPTS_REMOTE_CONFIG not in plain
    chosen = {
        "accepts_remote_config": True,
        "accepts_restart_command": True,
        "reports_health": False,
        "reports_heartbeat": False,
    }
    full = capabilities(OpampConfig.model_validate({**OPTIONS, "capabilities": chosen}))
    assert (
        Capability.ACCEPTS_REMOTE_CONFIG | Capability.REPORTS_REMOTE_CONFIG | Capability.ACCEPTS_RESTART_COMMAND in full
    )
    assert not full & (Capability.REPORTS_HEALTH | Capability.REPORTS_HEARTBEAT)


def test_components_are_told_by_section() -> None:
    told = available()
    assert set(told.sections) == {"receivers", "processors", "exporters", "connectors", "extensions"}
    assert told.sections["extensions"]["opamp"] == {"distribution": "logboom"}
    assert told.hash == available().hash
    assert len(told.hash) == 32
