"""Reports are sent at their times, once, of the period that is over; a test reaches each exporter and ends by itself. In virtual time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.alert_commands import EXPORTERS, TEST, TRIAL_LABELS
from collector.batch import LogBatch
from collector.component import Applied, Command, Context, Refused
from collector.connectors.alerting import FACTORY
from collector.connectors.alerting.connector import Alerting
from collector.connectors.alerting.intervals import next_boundary
from collector.notices import NOTIFICATION, Notice
from collector.notices.notice import notices_of
from collector.notices.wording import plain
from collector.samples import batch_of
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.work import FakeWork
from exporters.email.page import page

SECOND = 1_000_000_000
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
WEDNESDAY = int(datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()) * SECOND
MONDAY = int(datetime(2026, 11, 30, 8, tzinfo=UTC).timestamp()) * SECOND
OPTIONS: dict[str, Any] = {
    "route": {"receiver": "ops", "routes": [{"matchers": ['level="critical"'], "receiver": "page"}]},
    "receivers": {"ops": ["email"], "page": ["pager"]},
    "escalations": {"slow": {"steps": [{"after": "1h", "notify": ["sms"]}]}},
    "reports": [{"every": "7d", "at": "08:00", "to": ["email/boss"]}],
}  # fmt: skip


class Life:
    """An `alerting` on a data directory, and its clock."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.work = FakeWork(now_unix_nano=WEDNESDAY)
        self.restart(**options)

    def restart(self, **options: Any) -> None:
        self.connector: Alerting = FACTORY.create(
            FACTORY.config.model_validate(OPTIONS | options), Context("alerting", self.folder)
        )

    def see(self, domain: str = "a.com", *, made: bool = False) -> None:
        batch = LogBatch.of(
            {"body": ["x"], "domain": [domain], "time_unix_nano": [self.work.now_unix_nano]},
            {"logboom.triage.level": ["info"]},
        )
        if made:
            generation = pl.Series("generation", [1], dtype=pl.UInt8)
            batch = LogBatch(
                **{name: getattr(batch, name) for name in LogBatch.__slots__}
                | {"records": batch.records.with_columns(generation)}
            )
        self.connector.connect(batch, self.work)

    def wait_until(self, end: int) -> None:
        while self.work.timers and min(self.work.timers.values()) <= end:
            self.work.now_unix_nano = max(self.work.now_unix_nano, min(self.work.timers.values()))
            self.work.run_due(self.connector)
        self.work.now_unix_nano = max(end, self.work.now_unix_nano)

    def told(self) -> list[Notice]:
        found = []
        for emitted in self.work.emitted:
            assert emitted.kind == NOTIFICATION
            columns = emitted.records.records.with_columns(
                event_name=pl.lit(NOTIFICATION),
                generation=pl.lit(1, pl.UInt8),
                record_id=pl.lit("id"),
                domain=pl.lit("a.com"),
            )
            found += notices_of(
                LogBatch(**{name: getattr(emitted.records, name) for name in LogBatch.__slots__} | {"records": columns})
            )
        self.work.emitted.clear()
        return found

    def command(self, **said: str) -> Applied | Refused:
        return self.connector.command(Command("id", TEST, "a.com", "ann", "", said, self.work.now_unix_nano), self.work)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    samples = [
        {
            "body": "boom <b>",
            "time_unix_nano": MONDAY - ago,
            "resource": {"service.name": "shop"},
            "attributes": {"logboom.triage.level": level},
        }
        for ago, level in [
            (DAY, "critical"),
            (2 * DAY, "info"),
            (3 * DAY, "info"),
            (8 * DAY, "info"),
            (-DAY, "warning"),
        ]
    ]
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    for domain in ("a.com", "b.com"):
        batch = batch_of(samples if domain == "a.com" else samples * 5, domain)
        store.insert(
            rows(batch.with_fields({"record_id": pl.Series([f"{domain}{at}" for at in range(len(batch))])}), Limits())
        )
    store.close()
    return tmp_path


def test_at_its_time_a_domain_is_sent_what_its_own_week_brought(stored: Path) -> None:
    life = Life(stored)
    life.see()
    life.wait_until(MONDAY - 1)
    assert life.told() == []
    life.wait_until(MONDAY)
    (notice,) = life.told()
    assert notice.text == "REPORT of a.com, 2026-11-23 08:00 to 2026-11-30 08:00 UTC: 3 records (1 critical)"
    assert (notice.exporter, notice.status, notice.reason, notice.level, notice.count) == (
        "email/boss",
        "digest",
        "report",
        "critical",
        3,
    )
    assert "Noisy services" in plain(notice)
    assert "Noisy services" in page(notice)
    life.wait_until(MONDAY + 7 * DAY)
    (following,) = life.told()
    assert following.text.endswith("2026-11-30 08:00 to 2026-12-07 08:00 UTC: 1 record (1 warning)")
    assert following.sequence > notice.sequence


def test_reports_that_are_due_at_once_are_made_one_after_the_other_each_once(stored: Path) -> None:
    """The pipeline goes on between them."""
    life = Life(stored)
    for domain in ("a.com", "b.com", "c.com"):
        life.see(domain)
    life.work.now_unix_nano = MONDAY
    life.work.run_due(life.connector)
    first = life.told()
    assert len(first) == 1
    life.wait_until(MONDAY + 3600 * SECOND)
    told = [*first, *life.told()]
    assert sorted(one.text.split(":")[0] for one in told) == [
        f"REPORT of {name}, 2026-11-23 08" for name in ("a.com", "b.com", "c.com")
    ]
    assert {one.text.split("to ")[1][:16] for one in told} == {"2026-11-30 08:00"}


def test_what_was_missed_is_told_once_over_all_of_its_time(stored: Path) -> None:
    life = Life(stored)
    life.see()
    life.work.now_unix_nano = MONDAY + 16 * DAY
    life.work.run_due(life.connector)
    life.work.run_due(life.connector)
    (notice,) = life.told()
    assert "2026-11-23 08:00 to 2026-12-14 08:00 UTC: 4 records" in notice.text
    life.wait_until(MONDAY + 21 * DAY)
    assert ["2026-12-14 08:00 to 2026-12-21 08:00" in one.text for one in life.told()] == [True]


def test_a_restart_changes_nothing_and_another_configuration_plans_anew(stored: Path) -> None:
    life = Life(stored)
    life.see()
    life.restart()
    life.see()
    life.wait_until(MONDAY)
    assert len(life.told()) == 1
    life.restart(reports=[{"every": "24h", "at": "09:00", "to": ["email", "pager"]}])
    life.see()
    life.wait_until(MONDAY + 8 * DAY)
    told = life.told()
    assert [one.exporter for one in told] == ["email", "pager"] * 8
    assert "2026-11-29 09:00 to 2026-11-30 09:00" in told[0].text


def test_events_plan_no_reports_nor_do_other_domains_than_those_asked_for(stored: Path) -> None:
    life = Life(stored, reports=[{"to": ["email"], "domains": ["b.com"]}])
    life.see("logboom", made=True)
    life.see("a.com")
    assert life.work.timers == {}
    life.see("b.com")
    assert [domain for domain, _ in life.work.timers] == ["b.com"]


def test_a_store_that_is_not_there_is_said(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.see()
    life.wait_until(MONDAY)
    (notice,) = life.told()
    assert "could not be made: there is no store at" in notice.text
    assert notice.document == ""


@pytest.mark.parametrize(
    ("now", "every", "at", "zone", "wanted"),
    [
        ("2026-11-25T12:00", 7, "08:00", "UTC", "2026-11-30T08:00"),
        ("2026-11-30T07:59", 7, "08:00", "UTC", "2026-11-30T08:00"),
        ("2026-11-30T08:00", 7, "08:00", "UTC", "2026-12-07T08:00"),
        ("2026-12-31T12:00", 7, "08:00", "UTC", "2027-01-04T08:00"),
        ("2026-10-24T12:00", 1, "08:00", "Europe/Berlin", "2026-10-25T07:00"),
        ("2026-10-23T12:00", 1, "08:00", "Europe/Berlin", "2026-10-24T06:00"),
    ],
)
def test_days_are_counted_from_a_monday_on(now: str, every: int, at: str, zone: str, wanted: str) -> None:
    nanos = int(datetime.fromisoformat(f"{now}+00:00").timestamp()) * SECOND
    found = next_boundary(nanos, every * 86_400.0, at, zone)
    assert datetime.fromtimestamp(found / SECOND, UTC).isoformat()[:16] == wanted


def test_a_trial_reaches_everybody_and_is_over_a_minute_later(tmp_path: Path) -> None:
    life = Life(tmp_path)
    answer = life.command()
    assert answer == Applied({EXPORTERS: "email,pager,sms,email/boss"})
    assert [(one.exporter, one.status, one.reason) for one in life.told()] == [
        (name, "firing", "test") for name in ("email", "pager", "sms", "email/boss")
    ]
    life.wait_until(WEDNESDAY + 59 * SECOND)
    assert life.told() == []
    life.wait_until(WEDNESDAY + HOUR)
    assert sorted((one.exporter, one.status) for one in life.told()) == [
        (name, "resolved") for name in ("email", "email/boss", "pager", "sms")
    ]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({EXPORTERS: "sms"}, Applied({EXPORTERS: "sms"})),
        ({TRIAL_LABELS: "level=critical"}, Applied({EXPORTERS: "pager"})),
        ({TRIAL_LABELS: "level=info"}, Refused("nobody is told of an alert with these labels")),
        (
            {EXPORTERS: "slack"},
            Refused("no route leads to an exporter 'slack': there is email, pager, sms, email/boss"),
        ),
    ],
    ids=["exporter", "labels", "nobody", "unknown"],
)
def test_who_is_meant_by_a_trial(said: dict[str, str], wanted: Applied | Refused, tmp_path: Path) -> None:
    life = Life(tmp_path)
    assert life.command(**said) == wanted
    assert len(life.told()) == (1 if isinstance(wanted, Applied) else 0)
