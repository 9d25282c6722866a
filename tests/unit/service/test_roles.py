"""The table of roles."""

from __future__ import annotations

import pytest
import yaml

from collector.service.channel import Start
from collector.service.roles import ROLES, make_role, places
from collector.settings import load
from collector.settings.model import Settings

OPAMP = {"server": {"ws": {"endpoint": "ws://127.0.0.1:1"}}}


def settings(ingest: int = 1, workers: int = 1, *, console: bool = False, opamp: int = 0) -> Settings:
    links = [f"opamp/{number}" for number in range(opamp)]
    given = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
        "exporters": {"nop": {}},
        "extensions": ({"console": {}} if console else {}) | dict.fromkeys(links, OPAMP),
        "service": {
            "extensions": [*(["console"] if console else []), *links],
            "processes": {"ingest": ingest, "workers": workers},
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["nop"]}},
        },
    }
    return load([f"yaml:{yaml.safe_dump(given)}"], environ={})


def test_a_configuration_has_a_place_for_each_process_and_intake_comes_first() -> None:
    """The order is also that in which they stop: workers see all that was accepted."""
    assert places(settings(2, 3)) == [*(("ingest", n) for n in range(2)), *(("worker", n) for n in range(3))]


@pytest.mark.parametrize("name", ROLES)
def test_each_role_can_be_made(name: str, tmp_path) -> None:
    """And says that it is starting, before it runs."""
    role = make_role(Start(name, 0, settings(console=name == "console", opamp=int(name == "opamp")), tmp_path))
    report = role.report()
    assert report is not None
    assert report.phase == "starting"


def test_who_shows_and_reports_starts_last_and_nothing_waits_for_it() -> None:
    assert places(settings(console=True))[-1] == ("console", 0)
    assert places(settings(console=True, opamp=2))[-3:] == [("console", 0), ("opamp", 0), ("opamp", 1)]
    assert [name for name, role in ROLES.items() if not role.vital] == ["console", "opamp"]


def test_senders_are_answered_by_ingest_alone() -> None:
    assert [name for name, role in ROLES.items() if role.takes_requests] == ["ingest"]
