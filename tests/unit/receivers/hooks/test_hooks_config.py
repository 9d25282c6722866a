"""Options of `hooks`, and that strangers are seen before it starts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.errors import ConfigError
from collector.receivers.hooks.config import HooksConfig
from collector.receivers.hooks.routes import routes
from collector.settings import load

BASE = """
receivers: {hooks: {endpoint: "0.0.0.0:8082"}}
exporters: {nop: {}}
service: {pipelines: {logs: {receivers: [hooks], exporters: [nop]}}}
"""


def test_it_listens_on_its_own_port_of_this_machine() -> None:
    config = HooksConfig()
    assert (config.endpoint, config.listens_on(), config.open_to_others()) == ("localhost:8082", ["localhost:8082"], {})
    assert all(handler.max_bytes <= config.max_request_body_size for handler in routes(config).values())


@pytest.mark.parametrize("url", ["hooks.example", "ftp://hooks.example", "https://", "https://h.example/?q=1"])
def test_a_public_url_is_an_address(url: str) -> None:
    with pytest.raises(ValidationError, match="is not an address"):
        HooksConfig(public_url=url)
    assert HooksConfig(public_url="https://h.example/x/").public_url == "https://h.example/x"


def test_strangers_are_warned_of_with_one_domain_and_refused_with_several() -> None:
    warned = load([f"yaml:{BASE}"], environ={}).warnings
    assert any("receivers.hooks.endpoint: 0.0.0.0:8082 can be reached from other machines" in each for each in warned)
    with pytest.raises(ConfigError, match="2 domains are served"):
        load([f"yaml:{BASE}", "yaml:service: {domains: {names: [tamyla.com]}}"], environ={})
