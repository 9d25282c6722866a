"""Alerts that others tell (Prometheus, Loki, vmalert): the same routes; known by all their labels, over when their source says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from collector.alert_commands import GROUP, RECEIVED, RESOLVE
from collector.batch import LogBatch
from collector.component import Applied, Command, Context
from collector.connectors.alerting import FACTORY
from collector.notices import NOTIFICATION
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig
from collector.receivers.alertmanager.events import reader
from collector.receivers.alertmanager.posted import posted
from collector.testing.events import marked
from collector.testing.work import FakeWork
from otlp_wire import read_payloads

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
CONFIG: dict[str, Any] = {
    "labels": {"team": 'attributes["team"]', "instance": 'attributes["instance"]'},
    "route": {
        "receiver": "ops", "group_by": ["rule"], "group_wait": "30s", "group_interval": "5m",
        "routes": [{"matchers": ['team="shop"'], "receiver": "shop", "group_by": ["rule"], "group_wait": "0s"}],
    },
    "receivers": {"ops": ["mail"], "shop": ["chat"]},
    "inhibit_rules": [{"source_matchers": ['level="critical"'], "target_matchers": ['level="warning"'], "equal": ["instance"]}],
}  # fmt: skip


class Prometheus:
    """One that tells its alerts to `alerting`, through the receiver's own reading."""

    def __init__(self, **options: Any) -> None:
        self.connector = FACTORY.create(
            FACTORY.config.model_validate({**CONFIG, **options}), Context("alerting", Path())
        )
        self.work = FakeWork(now_unix_nano=1_772_366_400 * SECOND)

    def post(self, *labels: dict[str, str], ends_in: float = 240.0, made: bool = True, **annotations: str) -> None:
        now = self.work.now_unix_nano
        body = [{"labels": each, "annotations": annotations} for each in labels]
        alerts, _ = posted(json.dumps(body).encode(), now, round(ends_in * SECOND))
        received = reader(AlertmanagerReceiverConfig(), alerts, now)(b"")
        batch, _ = read_payloads([received.body])
        domains = pl.Series("domain", ["a.com"] * len(batch))
        batch = LogBatch(
            **{
                **{name: getattr(batch, name) for name in LogBatch.__slots__},
                "records": batch.records.with_columns(domains),
            }
        )
        self.connector.connect(marked(batch, [RECEIVED] * len(batch)) if made else batch, self.work)

    def wait(self, seconds: float) -> None:
        end = self.work.now_unix_nano + round(seconds * SECOND)
        while self.work.timers and min(self.work.timers.values()) <= end:
            self.work.now_unix_nano = max(self.work.now_unix_nano, min(self.work.timers.values()))
            self.work.run_due(self.connector)
        self.work.now_unix_nano = end

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for each in self.work.emitted:
            if each.kind == NOTIFICATION:
                columns = {
                    name: each.records.attribute_text(f"logboom.alert.{name}").to_list()
                    for name in ("exporter", "status", "alerts", "group")
                }
                found += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self.work.emitted.clear()
        return [{**one, "alerts": orjson.loads(one["alerts"])} for one in found]

    def told(self) -> list[tuple[str, str, int]]:
        return [(one["exporter"], one["status"], len(one["alerts"])) for one in self.messages()]


def alert(instance: str = "a", severity: str = "critical", **more: str) -> dict[str, str]:
    return {"alertname": "Down", "instance": instance, "severity": severity, "job": "shop", **more}


def test_an_alert_of_others_is_told_with_its_labels_and_texts() -> None:
    prometheus = Prometheus()
    prometheus.post(alert(team="shop", zone="eu"), summary="a is down", runbook_url="https://runbooks.example")
    (message,) = prometheus.messages()
    (shown,) = message["alerts"]
    assert (message["exporter"], message["status"], shown["status"]) == ("chat", "firing", "firing")
    assert shown["labels"] == {
        "domain": "a.com", "level": "critical", "rule": "Down", "service": "shop", "team": "shop", "instance": "a", "zone": "eu",
        "alertname": "Down", "severity": "critical", "job": "shop",
    }  # fmt: skip
    assert shown["annotations"] == {"summary": "a is down", "runbook_url": "https://runbooks.example"}
    assert shown["count"] == 1


def test_alerts_with_other_labels_are_others_though_no_route_asks_for_them() -> None:
    prometheus = Prometheus()
    prometheus.post(alert(zone="eu"), alert(zone="us"), alert(zone="us"))
    prometheus.wait(30)
    assert prometheus.told() == [("mail", "firing", 2)]


def test_told_again_it_goes_on_and_is_told_nobody() -> None:
    prometheus = Prometheus()
    for _ in range(20):
        prometheus.post(alert())
        prometheus.wait(60)
    assert prometheus.told() == [("mail", "firing", 1)]


def test_its_source_says_when_it_is_over() -> None:
    prometheus = Prometheus()
    prometheus.post(alert("a"), alert("b"))
    prometheus.wait(30)
    prometheus.told()
    prometheus.post(alert("a"), ends_in=-1)
    prometheus.post(alert("b"), ends_in=600)
    prometheus.wait(300)
    ((exporter, status, count),) = prometheus.told()
    assert (exporter, status, count) == ("mail", "firing", 2), "some alerts resolved"
    prometheus.post(alert("a"), alert("b"), ends_in=-1)
    prometheus.wait(300)
    assert [one[1] for one in prometheus.told()] == ["resolved"]


def test_a_source_that_is_silent_has_no_alert_beyond_the_end_that_it_said() -> None:
    prometheus = Prometheus(route={**CONFIG["route"], "resolve_after": "10h"})
    prometheus.post(alert(), ends_in=240)
    prometheus.wait(30)
    assert [one[1] for one in prometheus.told()] == ["firing"]
    prometheus.wait(600)
    assert [one[1] for one in prometheus.told()] == ["resolved"]


def test_one_that_is_over_and_was_never_told_makes_no_group() -> None:
    prometheus = Prometheus()
    prometheus.post(alert(), ends_in=-1)
    prometheus.wait(600)
    assert prometheus.told() == []
    assert not [name for name in prometheus.work.states["a.com"].values if name.startswith(b"g/")]


def test_fired_and_over_within_the_wait_tells_nobody() -> None:
    prometheus = Prometheus()
    prometheus.post(alert())
    prometheus.wait(5)
    prometheus.post(alert(), ends_in=-1)
    prometheus.wait(600)
    assert prometheus.told() == []


def test_one_inhibits_another() -> None:
    prometheus = Prometheus()
    prometheus.post(alert("a"), alert("a", "warning", alertname="Slow"), alert("b", "warning", alertname="Slow"))
    prometheus.wait(30)
    assert sorted(one["alerts"][0]["labels"]["instance"] for one in prometheus.messages()) == ["a", "b"]


@pytest.mark.parametrize("name", ["exporter", "issue", "domain", "level", "rule"])
def test_a_label_of_theirs_is_no_word_of_ours(name: str) -> None:
    """`exporter: mail` would keep the exporter from being told, `issue` end somebody's alert."""
    prometheus = Prometheus()
    prometheus.post(alert(**{name: "mail"}))
    prometheus.wait(30)
    (message,) = prometheus.messages()
    labels = message["alerts"][0]["labels"]
    assert (labels[f"source_{name}"], labels["domain"]) == ("mail", "a.com")
    assert message["exporter"] == "mail"


def test_what_was_sent_as_a_log_under_that_name_is_a_record() -> None:
    prometheus = Prometheus()
    prometheus.post(alert(zone="eu"), made=False)
    prometheus.wait(30)
    ((*_, one),) = [[message["alerts"][0] for message in prometheus.messages()]]
    assert "zone" not in one["labels"], "by its level alone"
    prometheus.post(alert(zone="eu"), ends_in=-1, made=False)
    prometheus.wait(600)
    assert prometheus.told() == [], "it says no end: one more record"


def test_what_people_resolved_stays_so_while_its_source_repeats_it() -> None:
    prometheus = Prometheus()
    prometheus.post(alert())
    prometheus.wait(30)
    (message,) = prometheus.messages()
    said = {GROUP: message["group"]}
    command = Command("id", RESOLVE, "a.com", "ann", "", said, prometheus.work.now_unix_nano)
    assert isinstance(prometheus.connector.command(command, prometheus.work), Applied)
    prometheus.wait(1)
    assert [one[1] for one in prometheus.told()] == ["resolved"]
    start = prometheus.work.now_unix_nano
    began = start - 31 * SECOND
    for _ in range(10):
        body = json.dumps([{"labels": alert(), "startsAt": "2026-03-01T12:00:00Z"}]).encode()
        alerts, _ = posted(body, prometheus.work.now_unix_nano, 240 * SECOND)
        assert alerts[0].starts == began
        batch, _ = read_payloads(
            [reader(AlertmanagerReceiverConfig(), alerts, prometheus.work.now_unix_nano)(b"").body]
        )
        records = batch.records.with_columns(pl.Series("domain", ["a.com"]))
        batch = LogBatch(**{**{name: getattr(batch, name) for name in LogBatch.__slots__}, "records": records})
        prometheus.connector.connect(marked(batch, [RECEIVED]), prometheus.work)
        prometheus.wait(60)
    assert prometheus.told() == []
    prometheus.post(alert())
    prometheus.wait(60)
    assert [one[1] for one in prometheus.told()] == ["firing"], "it began anew"
