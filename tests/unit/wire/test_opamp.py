"""Messages of OpAMP against the compiled schema."""

from __future__ import annotations

import pytest
from opentelemetry._opamp.proto import opamp_pb2 as schema

from collector.errors import InvalidPayload
from otlp_wire.opamp import (
    AgentReport,
    Capability,
    Components,
    ConfigFile,
    Health,
    RemoteStatus,
    ServerMessage,
    agent_message,
    framed,
    server_message,
    unframed,
)

UID = bytes(range(16))


def said(report: AgentReport) -> schema.AgentToServer:
    return schema.AgentToServer.FromString(agent_message(UID, 7, Capability.REPORTS_STATUS, report, 99))


def test_capabilities_are_the_schemas() -> None:
    words = {name.removeprefix("AgentCapabilities_"): bit for name, bit in schema.AgentCapabilities.items()}
    assert {each.name.replace("_", "").lower(): each.value for each in Capability} == {
        name.lower(): words[name] for name in words if name.lower() in {each.name.replace("_", "").lower() for each in Capability}
    }  # fmt: skip
    assert len(Capability) == 8


def test_a_message_without_news_holds_what_every_message_holds() -> None:
    message = said(AgentReport())
    assert (message.instance_uid, message.sequence_num, message.capabilities) == (UID, 7, 1)
    assert [field.name for field, _ in message.ListFields()] == ["instance_uid", "sequence_num", "capabilities"]


def test_a_whole_report() -> None:
    inner = Health(False, "StatusRecoverableError", "no answer")
    message = said(
        AgentReport(
            {"service.name": "logboom"}, {"os.type": "linux"}, Health(True, "StatusOK", "", 5, {"pipeline:logs": inner}),
            {"": ConfigFile(b"a: 1", "text/yaml")}, RemoteStatus(b"h", "FAILED", "why"),
            Components(b"c", {"receivers": {"otlp": {"distribution": "logboom"}}}), leaves=True,
        )
    )  # fmt: skip
    assert message.agent_description.identifying_attributes[0].value.string_value == "logboom"
    assert message.agent_description.non_identifying_attributes[0].key == "os.type"
    assert (message.health.healthy, message.health.start_time_unix_nano, message.health.status_time_unix_nano) == (
        True,
        5,
        99,
    )
    assert message.health.component_health_map["pipeline:logs"].last_error == "no answer"
    assert message.effective_config.config_map.config_map[""].body == b"a: 1"
    assert message.remote_config_status.status == schema.RemoteConfigStatuses_FAILED
    assert (
        message.available_components.components["receivers"].sub_component_map["otlp"].metadata[0].key == "distribution"
    )
    assert message.HasField("agent_disconnect")


def test_an_empty_configuration_is_told_as_such() -> None:
    assert said(AgentReport(effective={})).HasField("effective_config")


def test_what_a_server_says() -> None:
    message = schema.ServerToAgent(flags=3)
    message.remote_config.config_hash = b"h"
    message.remote_config.config.config_map["x"].body = b"a: 1"
    message.agent_identification.new_instance_uid = UID
    message.command.type = schema.CommandType_Restart
    message.connection_settings.opamp.heartbeat_interval_seconds = 9
    message.error_response.error_message = "Bearer of-yours is wrong"
    message.error_response.type = schema.ServerErrorResponseType_Unavailable
    message.error_response.retry_info.retry_after_nanoseconds = 1_500_000_000
    assert server_message(message.SerializeToString()) == ServerMessage(
        "Unavailable", 1.5, (b"h", {"x": ConfigFile(b"a: 1")}), full=True, all_components=True, new_uid=UID, restart=True, heartbeat_secs=9
    )  # fmt: skip


def test_a_server_that_says_nothing_wants_nothing() -> None:
    assert server_message(b"") == ServerMessage()


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="no ServerToAgent"):
        server_message(b"\xff\xff\xff")
    with pytest.raises(InvalidPayload, match="is not 0"):
        unframed(b"\1")
    assert unframed(framed(b"x")) == b"x"
