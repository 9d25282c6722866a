"""Where several domains may be served, what acts says for which."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from collector.errors import ConfigError
from collector.settings.load import load


def loaded(served: dict[str, Any], **response: Any) -> None:
    one = {"exporter": "systemd", "target": "api.service", **response}
    load(
        [
            "yaml:"
            + yaml.safe_dump(
                {
                    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
                    "connectors": {
                        "alerting": {
                            "route": {"receiver": "ops", "responses": ["restart"]},
                            "receivers": {"ops": ["sqlite"]},
                            "responses": {"restart": one},
                        }
                    },
                    "exporters": {"sqlite": None, "systemd": {"units": ["api.service"]}},
                    "service": {
                        "domains": served,
                        "pipelines": {
                            "logs": {"receivers": ["otlp"], "exporters": ["sqlite", "alerting"]},
                            "logs/alerts": {"receivers": ["alerting"], "exporters": ["sqlite", "systemd"]},
                        },
                    },
                }
            )
        ],
        environ={},
    )


SEVERAL = {"names": ["a.com", "b.com"], "default": None}


@pytest.mark.parametrize("domains", [SEVERAL, {"names": ["a.com"]}], ids=["two", "a name and the default"])
def test_what_acts_for_every_domain_is_refused_where_there_are_several(domains: dict[str, Any]) -> None:
    with pytest.raises(
        ConfigError,
        match=r"connectors\.alerting\.responses\.restart\.domains is empty where several domains are served",
    ):
        loaded(domains, dry_run=False)


ALLOWED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "it names its domain": (SEVERAL, {"dry_run": False, "domains": ["a.com"]}),
    "it does nothing": (SEVERAL, {}),
    "one domain": ({}, {"dry_run": False}),
}


@pytest.mark.parametrize(("domains", "response"), ALLOWED.values(), ids=ALLOWED)
def test_what_may_be(domains: dict[str, Any], response: dict[str, Any]) -> None:
    loaded(domains, **response)
