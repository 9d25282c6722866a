"""Conditions on the stream become alerts, by the routes, in event time, once; in virtual time."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import polars as pl
import pytest
from pydantic import ValidationError

from collector.batch import LogBatch, concat
from collector.columns.tables import PAYLOADS
from collector.component import Context
from collector.connectors.alerting import FACTORY
from collector.connectors.alerting.connector import Alerting
from collector.connectors.alerting.monitor_config import MonitorConfig
from collector.connectors.alerting.monitors import Monitors
from collector.connectors.alerting.watch import labels_of
from collector.notices import NOTIFICATION
from collector.testing.work import FakeWork

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
START = 1_700_000_000 * SECOND
BASE: dict[str, Any] = {
    "route": {
        "receiver": "ops", "group_by": ["rule", "service"], "group_wait": "0s", "group_interval": "5m", "repeat_interval": "100h",
        "routes": [{"matchers": ['rule="monitor/paged"'], "receiver": "page"}],
    },
    "receivers": {"ops": ["email"], "page": ["pager"]},
}  # fmt: skip
BURST: dict[str, Any] = {"name": "burst", "query": "failed", "window": "2m", "above": 3}


class Life:
    """An `alerting` with monitors, and its clock. Records are of level `info`: alerts come of monitors alone."""

    def __init__(self, *monitors: dict[str, Any]) -> None:
        self.monitors = monitors
        self.work = FakeWork(now_unix_nano=START)
        self.restart()

    def restart(self) -> None:
        options = FACTORY.config.model_validate({**BASE, "monitors": list(self.monitors)})
        made: Alerting = FACTORY.create(options, Context("alerting", Path()))
        self.connector = made

    def change(self, *monitors: dict[str, Any]) -> None:
        """Another configuration."""
        self.monitors = monitors
        self.restart()

    def tell(
        self,
        body: str = "failed",
        count: int = 1,
        *,
        ago: int = 0,
        service: str = "shop",
        domain: str = "a.com",
        made: bool = False,
        receiver: str = "",
    ) -> None:
        """`receiver`: what it was received by, when it happened."""
        at = self.work.now_unix_nano - ago
        batch = records(body, count, at, service, domain)
        if receiver:
            batch = received(batch, receiver, at)
        if made:
            generation = pl.repeat(1, len(batch), dtype=pl.UInt8, eager=True).alias("generation")
            batch = LogBatch(
                **{name: getattr(batch, name) for name in LogBatch.__slots__}
                | {"records": batch.records.with_columns(generation)}
            )
        assert self.connector.connect(batch, self.work) == {}

    def wait(self, nanos: int) -> None:
        end = self.work.now_unix_nano + nanos
        while self.work.timers and min(self.work.timers.values()) <= end:
            self.work.now_unix_nano = max(self.work.now_unix_nano, min(self.work.timers.values()))
            self.work.run_due(self.connector)
        self.work.now_unix_nano = end

    def told(self) -> list[tuple[str, str, str]]:
        """Exporter, status, text without its time."""
        found = []
        for one in self.work.emitted:
            if one.kind == NOTIFICATION:
                columns = [
                    one.records.attribute_text(f"logboom.alert.{name}").to_list() for name in ("exporter", "status")
                ]
                texts = [
                    body.split(", 0 since")[0].split(" since ")[0] for body in one.records.column("body").to_list()
                ]
                found += list(zip(*columns, texts, strict=True))
        self.work.emitted.clear()
        return found


def records(body: str, count: int, at: int, service: str = "shop", domain: str = "a.com") -> LogBatch:
    return LogBatch.of(
        {"body": [body] * count, "time_unix_nano": [at] * count, "domain": [domain] * count},
        {"logboom.triage.level": ["info"] * count, "http.response.status_code": [500] * count},
        {"service.name": service},
    )


def received(batch: LogBatch, receiver: str, at: int) -> LogBatch:
    entry = {"domain": "a.com", "receiver": receiver, "journal": "0f", "offset": 0, "received_unix_ms": at // 1_000_000}
    return replace(
        batch,
        records=batch.records.with_columns(pl.lit(0, pl.UInt32).alias("payload")),
        payloads=pl.DataFrame([entry], PAYLOADS),
    )


def test_more_than_allowed_in_a_window_is_told_at_once_and_its_end_when_the_window_has_moved_on() -> None:
    life = Life(BURST)
    life.tell(count=3)
    assert life.told() == []
    life.wait(30 * SECOND)
    life.tell(count=1)
    assert life.told() == [("email", "firing", "WARNING: a.com: burst: 4 records in 2m, more than 3, 4")]
    life.wait(5 * MINUTE)
    assert [(exporter, status) for exporter, status, _ in life.told()] == [("email", "resolved")]
    assert list(life.work.states["a.com"].scan(b"m/")) == []


def test_records_further_apart_than_the_window_are_no_burst() -> None:
    life = Life(BURST)
    for _ in range(6):
        life.tell(count=2)
        life.wait(2 * MINUTE)
    assert life.told() == []


def test_what_was_late_counts_where_it_happened_and_what_lies_about_its_time_where_receipt_allows() -> None:
    life = Life(BURST)
    life.tell(count=3, ago=2 * MINUTE + SECOND)
    life.tell(count=3)
    assert life.told() == []
    life.tell(count=1, ago=2 * MINUTE + 2 * SECOND)
    assert len(life.told()) == 1
    other = Life(BURST)
    other.tell(count=2, ago=5 * HOUR)
    other.tell(count=2, ago=-5 * HOUR)
    assert other.told() == []


def test_events_are_not_counted() -> None:
    life = Life(BURST)
    life.tell(count=9, made=True)
    assert life.told() == []


def test_groups_are_counted_each_by_itself() -> None:
    life = Life({**BURST, "group_by": ["service", "@http.response.status_code"]})
    life.tell(count=3, service="shop")
    life.tell(count=3, service="till")
    assert life.told() == []
    life.tell(count=1, service="till")
    assert [text for *_, text in life.told()] == ["WARNING: till of a.com: burst: 4 records in 2m, more than 3, 4"]


def test_domains_are_counted_each_by_itself() -> None:
    life = Life(BURST)
    life.tell(count=3, domain="a.com")
    life.tell(count=3, domain="b.com")
    assert life.told() == []


def test_further_groups_than_may_be_are_counted_as_one() -> None:
    life = Life({**BURST, "group_by": ["service"], "max_groups": 3})
    for at in range(20):
        life.tell(service=f"s{at}")
    assert len(life.work.states["a.com"].scan(b"m/")) == 4
    assert len(life.told()) == 1
    life.wait(10 * MINUTE)
    assert list(life.work.states["a.com"].scan(b"m/")) == []
    life.told()
    life.tell(count=4, service="new")
    assert [text for *_, text in life.told()] == ["WARNING: new of a.com: burst: 4 records in 2m, more than 3, 4"]


def test_for_asks_that_it_goes_on() -> None:
    life = Life({**BURST, "for": "5m"})
    life.tell(count=9)
    life.wait(10 * MINUTE)
    assert life.told() == []
    for _ in range(7):
        life.tell(count=4)
        life.wait(MINUTE)
    assert [status for _, status, _ in life.told()] == ["firing"]


def test_what_goes_on_stays_one_alert_however_long() -> None:
    life = Life(BURST)
    for _ in range(25):
        life.tell(count=4)
        life.wait(MINUTE)
    assert [status for _, status, _ in life.told()] == ["firing"]


def test_too_few_are_told_once_a_window_has_passed_and_again_enough_is_its_end() -> None:
    life = Life({"name": "beat", "query": "alive", "window": "2m", "below": 2})
    life.tell("alive", 5)
    life.wait(2 * MINUTE)
    assert life.told() == []
    life.wait(MINUTE)
    assert life.told() == [("email", "firing", "WARNING: a.com: beat: 0 records in 2m, fewer than 2")]
    life.wait(20 * MINUTE)
    assert life.told() == []
    life.tell("alive", 2)
    life.wait(5 * SECOND)
    assert [status for _, status, _ in life.told()] == ["resolved"]


def test_absence_is_noticed_from_the_first_record_of_the_domain_on() -> None:
    life = Life({"name": "paged", "query": '"backup done"', "absent_for": "25h", "level": "critical"})
    life.tell("something else")
    life.wait(24 * HOUR)
    assert life.told() == []
    life.wait(2 * HOUR)
    assert life.told() == [("pager", "firing", "CRITICAL: a.com: paged: no record for 25h")]
    life.wait(5 * HOUR)
    assert life.told() == []
    life.tell("backup done")
    life.wait(5 * SECOND)
    assert [status for _, status, _ in life.told()] == ["resolved"]


def test_a_group_that_is_gone_for_a_day_is_given_up() -> None:
    life = Life({"name": "beat", "query": "alive", "absent_for": "10m", "group_by": ["service"]})
    life.tell("alive")
    life.wait(HOUR)
    assert [status for _, status, _ in life.told()] == ["firing"]
    life.wait(25 * HOUR)
    assert [status for _, status, _ in life.told()] == ["resolved"]
    assert list(life.work.states["a.com"].scan(b"m/")) == []


def test_after_a_rest_what_was_received_meanwhile_is_read_before_anything_is_called_absent() -> None:
    life = Life({"name": "beat", "query": "alive", "absent_for": "10m"})
    life.tell("alive")
    life.work.now_unix_nano += 30 * MINUTE  # nobody was there
    life.work.run_due(life.connector)
    life.tell("alive", ago=5 * MINUTE)
    life.wait(3 * MINUTE)
    assert life.told() == []


@pytest.mark.parametrize(
    "current", [{"made": True, "receiver": "service"}, {"receiver": "syslog"}], ids=["the service's own", "sent"]
)
@pytest.mark.parametrize("asked", [{"absent_for": "10m"}, {"window": "12m", "below": 3}], ids=["absent", "below"])
def test_while_a_backlog_is_read_what_is_current_elsewhere_makes_nothing_absent(
    asked: dict[str, Any], current: dict[str, Any]
) -> None:
    life = Life({"name": "beat", "query": "alive", **asked})
    life.tell("alive", 9, receiver="otlp")
    life.wait(MINUTE)
    life.work.now_unix_nano += 2 * HOUR  # nobody was there
    life.work.run_due(life.connector)
    for ago in range(120, 90, -1):
        life.tell("alive", receiver="otlp", ago=ago * MINUTE)
        life.tell("something else", **current)
        life.wait(10 * SECOND)
    assert life.told() == []


@pytest.mark.parametrize("monitor", [BURST, {"name": "beat", "query": "alive", "absent_for": "10m"}], ids=["above", "absent"])  # fmt: skip
def test_what_is_told_is_not_over_because_something_else_is_read_late(monitor: dict[str, Any]) -> None:
    life = Life(monitor)
    life.tell("other", receiver="syslog")
    life.wait(20 * MINUTE)
    life.tell("failed", 9, receiver="syslog")
    assert [status for _, status, _ in life.told()] == ["firing"]
    for _ in range(20):
        life.tell("other", receiver="otlp", ago=2 * HOUR)
        life.wait(30 * SECOND)
    assert life.told() == []
    life.tell("alive", receiver="syslog")
    life.wait(10 * MINUTE)
    assert [status for _, status, _ in life.told()] == ["resolved"]


def test_state_outlives_a_restart() -> None:
    life = Life(BURST)
    life.tell(count=3)
    life.restart()
    life.tell(count=1)
    assert len(life.told()) == 1
    life.restart()
    life.wait(5 * MINUTE)
    assert [status for _, status, _ in life.told()] == ["resolved"]


@pytest.mark.parametrize("window", ["12s", "10m", "1h", "1d"])
def test_another_window_counts_anew(window: str) -> None:
    """What was counted in shorter twelfths would lie in the far future of longer ones."""
    life = Life(BURST)
    life.tell(count=3)
    life.change({**BURST, "window": window})
    life.tell(count=1)
    assert life.told() == []
    life.tell(count=3)
    assert [status for _, status, _ in life.told()] == ["firing"]
    life.wait(50 * HOUR)
    assert [status for _, status, _ in life.told()] == ["resolved"]
    assert list(life.work.states["a.com"].scan(b"m/")) == []


@pytest.mark.parametrize("window", ["1m", "1h"])
@pytest.mark.parametrize("before", [{"window": "2m", "below": 2}, {"absent_for": "1h"}], ids=["below", "absent"])
def test_after_a_change_too_few_are_told_once_a_whole_window_was_counted(before: dict[str, Any], window: str) -> None:
    named = {"name": "beat", "query": "alive"}
    life = Life({**named, **before})
    for _ in range(10):
        life.tell("alive", 5)
        life.wait(MINUTE)
    life.change({**named, "window": window, "below": 2})
    life.wait(50 * SECOND)
    assert life.told() == []
    life.wait(3 * HOUR)
    assert [status for _, status, _ in life.told()] == ["firing"]


def test_what_was_counted_before_the_scale_was_noted_is_counted_anew() -> None:
    life = Life(BURST)
    life.tell(count=3)
    state = life.work.states["a.com"]
    ((name, kept),) = state.scan(b"m/")
    state.put(name, bytes([1]) + msgpack.packb(msgpack.unpackb(kept[1:], strict_map_key=False)[:-1]))
    life.tell(count=3)
    assert life.told() == []
    life.tell(count=1)
    assert [status for _, status, _ in life.told()] == ["firing"]


def test_a_monitor_that_is_gone_from_the_configuration_is_forgotten() -> None:
    life = Life(BURST)
    life.tell(count=9)
    life.monitors = ()
    life.restart()
    life.wait(HOUR)
    assert list(life.work.states["a.com"].scan(b"m/")) == []


@pytest.mark.parametrize("seed", range(5))
def test_however_records_are_cut_into_batches_the_same_is_found(seed: int) -> None:
    """Against a count by hand over all windows: the first twelfth at which a window holds more than allowed."""
    draw = Random(seed)
    times = sorted(START + draw.randrange(20 * MINUTE) for _ in range(60))
    monitor = {**BURST, "above": 8}
    part = 2 * MINUTE // 12
    wanted = next(
        (at for n, at in enumerate(times) if sum(1 for one in times[: n + 1] if one // part > at // part - 12) > 8),
        None,
    )
    found = {_first_finding(monitor, times, draw.randint(1, 7)) for _ in range(3)}
    assert {one and one // part for one in found} == {wanted and wanted // part}


def _first_finding(monitor: dict[str, Any], times: list[int], size: int) -> int | None:
    watching, work = Monitors([MonitorConfig.model_validate(monitor)]), FakeWork()
    for first in range(0, len(times), size):
        cut = times[first : first + size]
        work.now_unix_nano = cut[-1] + SECOND
        found = watching.see(concat([records("failed", 1, at) for at in cut]), work)
        if found:
            return found[0].since
    return None


def test_no_group_stands_for_the_labels_that_decide_who_is_told() -> None:
    """Groups in the state may be older than the check of the configuration."""
    sent = {"domain": "b.com", "level": "critical", "rule": "monitor/paged", "service": "shop"}
    assert labels_of(MonitorConfig.model_validate(BURST), "a.com", sent) == {
        "domain": "a.com", "level": "warning", "rule": "monitor/burst", "service": "shop",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"query": "levl:x", "above": 1}, "did you mean level:?"),
        ({"query": "x"}, "one of above, below and absent_for is needed"),
        ({"query": "x", "above": 1, "below": 2}, "not above and below"),
        ({"query": "x", "above": 1, "group_by": ["servce"]}, "did you mean service?"),
        ({"query": "x", "above": 1, "group_by": ["body"]}, "not grouped by their text"),
        ({"query": "x", "above": 1, "group_by": ["@domain"]}, "domain is a label that a monitor gives itself"),
        ({"query": "x", "above": 1, "group_by": ["@level", "service"]}, "level is a label that a monitor gives itself"),
        ({"query": "x", "above": 1, "group_by": ["@rule", "@overflow"]}, "overflow, rule is a label"),
        ({"query": "x", "absent_for": "1h", "for": "1h"}, "says how long already"),
        ({"query": "x", "above": 1, "name": "a/b"}, "name"),
    ],
)
def test_what_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(reason)):
        FACTORY.config.model_validate({**BASE, "monitors": [{"name": "one", **given}]})


def test_a_route_may_ask_for_labels_of_monitors() -> None:
    options = {**BASE, "route": {**BASE["route"], "routes": [{"matchers": ['http_route="/pay"'], "receiver": "page"}]}}
    FACTORY.config.model_validate({**options, "monitors": [{**BURST, "group_by": ["@http.route"]}]})
    with pytest.raises(ValidationError, match="is no label"):
        FACTORY.config.model_validate(options)
