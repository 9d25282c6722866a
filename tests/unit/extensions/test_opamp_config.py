"""Options of `opamp`: what is taken, and what is told."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from collector.errors import ConfigError
from collector.extensions.opamp.config import OpampConfig, parse_uid
from collector.settings import load

WS = {"server": {"ws": {"endpoint": "ws://127.0.0.1:4320/v1/opamp"}}}


def options(**more: Any) -> OpampConfig:
    return OpampConfig.model_validate({**WS, **more})


def test_the_defaults_are_the_collectors() -> None:
    chosen = options().capabilities
    assert (chosen.reports_effective_config, chosen.reports_health, chosen.reports_available_components) == (True,) * 3
    assert (chosen.accepts_remote_config, chosen.accepts_restart_command) == (False, False)
    polled = OpampConfig.model_validate(
        {"server": {"http": {"endpoint": "https://o.example/v1", "polling_interval": 0}}}
    )
    assert polled.server.http is not None
    assert polled.server.http.polling_secs == 30.0


@pytest.mark.parametrize(("endpoint", "kind"), [("wss://o.example/", "ws"), ("https://o.example/", "http")])
def test_the_form_of_its_first_releases(endpoint: str, kind: str) -> None:
    config = OpampConfig.model_validate({"endpoint": endpoint, "headers": {"a": "b"}})
    assert getattr(config.server, kind) is config.server.connection
    assert config.server.connection.endpoint == endpoint
    assert list(config.server.connection.headers) == ["a"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"server": {}}, "write either ws or http"),
        ({"server": {"ws": {"endpoint": "ws://a"}, "http": {"endpoint": "http://a"}}}, "write either ws or http"),
        ({"server": {"ws": {"endpoint": "a.example"}}}, "is not a URL"),
        ({**WS, "instance_uid": "no-uid"}, "instance_uid is no UUID"),
        ({**WS, "instance_uid": "8ZZZZZZZZZZZZZZZZZZZZZZZZZ"}, "instance_uid is no UUID"),
        ({**WS, "capabilities": {"accepts_everything": True}}, "accepts_everything"),
    ],
)
def test_what_is_wrong_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        OpampConfig.model_validate(given)


def test_an_id_is_a_uuid_or_a_ulid_of_earlier_collectors() -> None:
    text = "0198c5f0-7a3b-7c11-9d5e-3f6a2b1c4d5e"
    assert parse_uid(text) == uuid.UUID(text).bytes
    assert parse_uid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == b"\xff" * 16
    assert parse_uid("00000000000000000000000001") == bytes(15) + b"\1"


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [("ws://127.0.0.1:1/", False), ("wss://o.example/", False), ("ws://o.example/", True)],
)
def test_a_report_in_the_clear_is_told(endpoint: str, told: bool) -> None:
    cautions = options(server={"ws": {"endpoint": endpoint}}).cautions()
    assert bool(cautions) is told
    assert all("write wss://" in why for why in cautions.values())


CONFIG = """
receivers: {nop: }
exporters: {nop: }
extensions:
  opamp: {server: {ws: {endpoint: "ws://127.0.0.1:1", auth: AUTH}}}
  bearertokenauth: {token: something}
  health_check: {}
service: {extensions: [opamp, bearertokenauth, health_check], pipelines: {logs: {receivers: [nop], exporters: [nop]}}}
"""


@pytest.mark.parametrize("auth", ["bearertokenauth", "{authenticator: bearertokenauth}"])
def test_the_authenticator_is_named_by_its_id(auth: str) -> None:
    settings = load([f"yaml:{CONFIG.replace('AUTH', auth)}"])
    config = settings.extensions["opamp"].config
    assert isinstance(config, OpampConfig)
    assert config.server.connection.auth is not None
    assert config.server.connection.auth.authenticator == "bearertokenauth"


@pytest.mark.parametrize(
    ("auth", "words"),
    [("oauth2client", "which is not configured"), ("health_check", "is not an authenticator of exporters")],
)
def test_one_that_is_not_there_or_is_none_is_refused_before_anything_runs(auth: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load([f"yaml:{CONFIG.replace('AUTH', auth)}"])
