"""What a hold keeps, for how long, and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.errors import ConfigError
from collector.holds import Hold, Holds
from collector.settings import load
from collector.settings.privacy import HoldConfig, PrivacyConfig, described

HOLDS = Holds(
    (
        Hold("a.example", "an old claim", until_unix_nano=100),
        Hold("a.example", "a claim", frozenset({"critical"}), 200),
        Hold("b.example", "an audit"),
    )
)


@pytest.mark.parametrize(
    ("domain", "level", "now", "why"),
    [
        ("a.example", None, 99, "an old claim"),
        ("a.example", "info", 99, "an old claim"),
        ("a.example", "info", 100, ""),
        ("a.example", "critical", 100, "a claim"),
        ("a.example", None, 199, "a claim"),
        ("a.example", "critical", 200, ""),
        ("b.example", "debug", 10**20, "an audit"),
        ("c.example", None, 0, ""),
    ],
)
def test_why(domain: str, level: str | None, now: int, why: str) -> None:
    assert HOLDS.why(domain, level, now) == HOLDS.at(now)(domain, level) == why


def test_whether_any_stands() -> None:
    assert HOLDS.stand()
    assert not Holds().stand()
    assert not Holds(HOLDS.all[:2]).stand()


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        ("2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("2027-01-31T12:00:00", datetime(2027, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_until_when(until: str, ends: datetime) -> None:
    """A date is the last day of it."""
    hold = HoldConfig.model_validate({"domain": "a", "reason": "r", "until": until}).hold()
    assert hold.until_unix_nano == int(ends.timestamp()) * 10**9


def test_it_is_shown() -> None:
    given = {"holds": [{"domain": "a", "reason": "r", "levels": ["warning", "critical"], "until": "2027-01-31"}]}
    (shown,) = described(PrivacyConfig.model_validate(given).standing(), 10**20)
    assert shown == {
        "domain": "a", "levels": ["critical", "warning"], "reason": "r", "until": "2027-02-01T00:00:00+00:00", "stands": False,
    }  # fmt: skip


def test_privacy_status_shows_it(tmp_path: Path) -> None:
    hold = "{domain: a.example, reason: the case, levels: [critical]}, {domain: b.example, reason: over, until: 2020-01-31}"
    config = f"yaml:{{{PLAIN}, service: {{privacy: {{holds: [{hold}]}}, {PIPELINES}}}}}"
    (tmp_path / "partition").mkdir()
    said = CliRunner().invoke(app, ["privacy", "status", "--config", config, "--data-dir", str(tmp_path)]).output
    assert "a.example (critical) is held: the case" in said
    assert "b.example is no longer held until 2020-02-01T00:00:00+00:00: over" in said
    one = CliRunner().invoke(app, ["privacy", "status", "--config", config, "--domain", "b.example", "--json"]).stdout
    assert json.loads(one.splitlines()[0])["hold"]["stands"] is False


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        ("{domain: a}", "reason"),
        ("{domain: a, reason: r, until: soon}", "'soon' is no time: write 2027-01-31"),
        ("{domain: a, reason: r, until: 90d}", "'90d' is no time"),
        ("{domain: a, reason: r, levels: [urgent]}", "levels"),
        ("{domain: a, reason: ''}", "reason"),
    ],
)
def test_what_is_refused(hold: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load([f"yaml:{{{PLAIN}, service: {{privacy: {{holds: [{hold}]}}, {PIPELINES}}}}}"], environ={})
    assert said in str(refused.value)


PLAIN = (
    "receivers: {otlp: {protocols: {http: }}}, exporters: {nop: , kv: {account_id: a, api_token: t, namespace_id: n}}"
)
PIPELINES = "pipelines: {logs: {receivers: [otlp], exporters: [nop, kv]}}, domains: {names: [a.example, b.example]}"


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        ("{domain: a.example, reason: r}", ["service.privacy.holds.0: exporters.kv can't hold back what is of a.example: it keeps"]),
        ("{domain: a.exmaple, reason: r}", ["a.exmaple is none of service.domains.names", "exporters.kv can't"]),
        ("{domain: a.example, reason: r, until: 2020-01-31}", ["it has ended, and keeps nothing of a.example"]),
    ],
)  # fmt: skip
def test_what_is_warned_of(hold: str, said: list[str]) -> None:
    settings: Any = load([f"yaml:{{{PLAIN}, service: {{privacy: {{holds: [{hold}]}}, {PIPELINES}}}}}"], environ={})
    found = [each for each in settings.warnings if "holds" in each]
    assert len(found) == len(said)
    assert all(part in each for part, each in zip(said, found, strict=True)), found
