"""The supervisor's book: counts of the disk and totals of workers, at the prices of options and exporters, told as events."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.outcomes import Counts
from collector.service.channel import Report
from collector.service.costs import Costs
from collector.settings import load
from collector.settings.cost_rules import cost_rules

CONFIG = """
receivers: {otlp: {protocols: {http: {}}}}
exporters: {d1: {account_id: a, api_token: t, database_id: x}, nop: {}}
service:
  domains: {names: [a.example], costs: {prices: {nop: {records: 4}, d1: {rows_read: 0}}, per_day: 5, overrides: {b.example: {per_day: 0}}}}
  pipelines: {logs: {receivers: [otlp], exporters: [d1, nop]}}
"""


class Heard(list[ControlRecord]):
    def tell(self, record: ControlRecord) -> None:
        self.append(record)


def worker(pid: int, *billed: tuple[str, str, float]) -> Any:
    stats = {"exporters": {"d1": {"billed": billed}}}
    return SimpleNamespace(name="worker 0", pid=pid, last_report=Report("ready", stats=stats))


def test_an_exporters_own_prices_stand_where_none_is_written() -> None:
    rules = cost_rules(load([f"yaml:{CONFIG}"], environ={}))
    assert rules.prices == {"d1": {"rows_written": 1.0, "rows_read": 0.0}, "nop": {"records": 4.0}}
    assert rules.of_domain("b.example") == {}


def test_counts_and_what_workers_told_add_up_and_are_told(tmp_path: Path) -> None:
    settings, heard = load([f"yaml:{CONFIG}"], environ={}), Heard()
    costs = Costs(tmp_path, Reporter(heard, "supervisor", lambda: "logboom"))
    assert costs.look(settings, Counts(), []) == {}
    counts = Counts(
        {("a.example", "exporter/nop", "exported"): 500_000, ("a.example", "exporter/nop", "dropped"): 10**9}
    )
    found = costs.look(
        settings, counts, [worker(7, ("a.example", "rows_written", 2_000_000), ("", "rows_written", 1e6))]
    )
    assert found == {("a.example", "day"): 4.0, ("a.example", "month"): 4.0, ("", "day"): 1.0, ("", "month"): 1.0}
    assert [(each.domain, each.attributes["logboom.share"]) for each in heard] == [("logboom", 0.8), ("a.example", 0.8)]
    assert "logboom.spent" not in heard[1].attributes
    costs.look(settings, counts, [worker(8, ("a.example", "rows_written", 1_000_000))])
    assert [each.attributes["logboom.share"] for each in heard[2:]] == [1.0, 1.0]


def test_where_nothing_costs_anything_nothing_is_written(tmp_path: Path) -> None:
    plain = CONFIG.replace("d1: {account_id: a, api_token: t, database_id: x}, ", "").replace("[d1, nop]", "[nop]")
    settings = load([f"yaml:{plain[: plain.index('  domains')]}{plain[plain.index('  pipelines') :]}"], environ={})
    assert Costs(tmp_path).look(settings, Counts(), []) == {}
    assert not list(tmp_path.iterdir())
