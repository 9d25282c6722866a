"""What is said in which message: only what has changed, unless the server asks for all."""

from __future__ import annotations

from dataclasses import replace

from opentelemetry._opamp.proto import opamp_pb2 as schema

from collector.extensions.opamp.session import Session
from otlp_wire.opamp import AgentReport, Capability, Components, ConfigFile, Health, RemoteStatus, ServerMessage

WHOLE = AgentReport(
    {"service.name": "logboom"}, {"os.type": "linux"}, Health(True, "StatusOK"), {"": ConfigFile(b"a: 1")},
    RemoteStatus(b"", "UNSET"), Components(b"c", {"receivers": {"otlp": {}}}),
)  # fmt: skip
ALWAYS = {"instance_uid", "sequence_num", "capabilities"}
ALL = {"agent_description", "health", "effective_config", "remote_config_status", "available_components"}


class Told:
    """A session, and what its messages hold."""

    def __init__(self) -> None:
        self.report = WHOLE
        self.session = Session(bytes(16), Capability.REPORTS_STATUS, lambda: self.report, clock=lambda: 1)
        self.message = schema.AgentToServer()

    def next(self) -> set[str]:
        return self._fields(self.session.next())

    def news(self) -> set[str] | None:
        message = self.session.news()
        return None if message is None else self._fields(message)

    def _fields(self, message: bytes) -> set[str]:
        self.message = schema.AgentToServer.FromString(message)
        return {field.name for field, _ in self.message.ListFields()} - ALWAYS


def test_all_at_first_then_what_changes() -> None:
    told = Told()
    assert told.next() == ALL
    assert told.news() is None
    assert told.next() == set()
    told.report = replace(WHOLE, health=Health(False, "StatusRecoverableError", "full"))
    assert told.news() == {"health"}
    told.report = replace(told.report, remote=RemoteStatus(b"h", "APPLIED"), effective={"": ConfigFile(b"a: 2")})
    assert told.news() == {"remote_config_status", "effective_config"}
    assert told.message.sequence_num == 4 - 1


def test_all_again_where_the_server_lost_it_or_is_another() -> None:
    told = Told()
    told.next()
    told.session.heard(ServerMessage(full=True))
    assert told.news() == ALL
    told.session.connected()
    assert told.news() == ALL
    assert told.news() is None


def test_components_by_their_hash_until_they_are_asked_for() -> None:
    told = Told()
    told.next()
    assert not told.message.available_components.components
    told.session.heard(ServerMessage(all_components=True))
    assert told.news() == {"available_components"}
    assert "otlp" in told.message.available_components.components["receivers"].sub_component_map
    assert told.news() is None


def test_what_is_not_reported_is_not_asked_for() -> None:
    told = Told()
    told.report = replace(WHOLE, components=None, health=None, effective=None, remote=None)
    assert told.next() == {"agent_description"}
    told.session.heard(ServerMessage(all_components=True))
    assert told.news() == set()
    assert told.news() is None


def test_another_id_of_the_servers_is_ours_from_then_on() -> None:
    told = Told()
    told.next()
    told.session.heard(ServerMessage(new_uid=b"\1" * 16))
    assert told.news() == ALL
    assert told.message.instance_uid == b"\1" * 16
    told.session.heard(ServerMessage(new_uid=b"short"))
    assert told.session.uid == b"\1" * 16


def test_the_last_message_says_that_it_is() -> None:
    told = Told()
    told.next()
    assert told._fields(told.session.farewell()) == {"agent_disconnect"}
    assert told.message.sequence_num == 1
