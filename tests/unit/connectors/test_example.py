"""config/routing.yaml as shipped: each record where it says; a cluster that is away costs nobody anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

import otlp_wire
from collector.cli.validate import summary
from collector.delivery.account import ExporterStatistics
from collector.ledger.plan import Quota
from collector.pipeline.pipeline import Pipeline
from collector.service.plan import ledger_plan
from collector.service.stages import Stages
from collector.settings import load
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import MIB, PartitionBench

FILE = Path(__file__).parents[3] / "config" / "routing.yaml"
ENVIRON = {"ELASTICSEARCH_ENDPOINT": "https://elastic.example.com:9200", "ELASTICSEARCH_API_KEY": "a2V5"}
WELL = ExporterStatistics("ok", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)


class Site:
    """The example over a partition, without destinations: what waits for each exporter is what it would get."""

    def __init__(self, root: Path, **quotas: Quota) -> None:
        self.settings = load([str(FILE)], environ=ENVIRON)
        self.delivery = dict.fromkeys(self.settings.exporters, WELL)
        plan = ledger_plan(self.settings)
        self.bench = PartitionBench(
            root, replace(plan, max_bytes=16 * MIB, state_bytes=MIB, quotas={**plan.quotas, **quotas})
        )
        network = Stages(self.settings, root, {}, lambda: self.delivery).network(self.bench.ledger, {})
        self.pipelines = [
            Pipeline(
                name, self.bench.ledger, network.processors[name], network=network, attempts_path=root / "partition",
                now_unix_nano=lambda: self.bench.clock() * 1_000_000,
            )
            for name in self.settings.pipelines
        ]  # fmt: skip

    def send(self, body: str, severity: int = 9, **resource: str) -> None:
        record = {"timeUnixNano": "1", "severityNumber": severity, "body": {"stringValue": body}}
        own = [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]
        groups = [{"resource": {"attributes": own}, "scopeLogs": [{"logRecords": [record]}]}]
        self.bench.put_raw(otlp_wire.json_to_protobuf(orjson.dumps({"resourceLogs": groups})))

    def step(self) -> dict[str, list[str]]:
        """Exporter → the bodies that it gets of what waits."""
        for pipeline in self.pipelines:
            pipeline.step()
        return {name: bodies for name in self.settings.exporters if (bodies := self.bench.drain(name))}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    assert_conserved(site.bench.partition)
    site.bench.close()


def test_each_record_goes_where_it_belongs(site: Site) -> None:
    site.send("order 7 shipped")
    site.send("failed login for root", 13)
    site.send("cache warm", 5)
    assert site.step() == {
        "file/audit": ["failed login for root"],
        "file/cheap": ["cache warm"],
        "elasticsearch": ["order 7 shipped", "failed login for root"],
    }


def test_errors_are_counted_by_service_once_a_minute(site: Site) -> None:
    for disk in "ab":
        site.send(f"disk {disk} full", 17, **{"service.name": "shop"})
        site.step()
    site.bench.clock.unix_ms += 61_000
    assert site.step() == {"file/counts": ["Errors: 2 (service.name=shop)"]}
    assert site.step() == {}


def test_the_spare_takes_over_while_the_cluster_is_away(site: Site) -> None:
    site.delivery["elasticsearch"] = replace(WELL, state="blocked", reason="HTTP 401")
    site.send("one")
    assert site.step() == {"sqlite": ["one"]}
    site.delivery["elasticsearch"] = WELL
    site.send("two")
    assert site.step() == {"sqlite": ["two"]}, "it must have been well for a while"
    site.bench.clock.unix_ms += 301_000
    site.send("three")
    assert site.step() == {"elasticsearch": ["three"]}


def test_a_cluster_whose_queue_is_full_stops_nobody(tmp_path: Path) -> None:
    """It takes nothing, and delivery has not called it blocked."""
    site = Site(tmp_path, elasticsearch=Quota(max_bytes=1))
    for number in range(5):
        site.send(f"record {number}")
        site.pipelines[0].step()
    assert site.bench.drain("elasticsearch") == ["record 0"]
    assert site.bench.drain("sqlite") == [f"record {number}" for number in range(1, 5)]
    site.bench.close()


def test_validate_draws_it(site: Site) -> None:
    drawn = "\n".join(summary(site.settings))
    for line in (
        "  otlp ─► categorize ─► triage ─► routing, count\n    routing ─► logs/audit, logs/cheap, logs/store\n    count ─► logs/counts\n",
        "  routing (logs) ─► failover\n    failover ─► logs/cluster, logs/spare\n",
        "  file/audit     stops otlp (through logs) when full\n",
        "  elasticsearch  stops nobody, as long as another level has room\n",
        "  file/counts    stops nobody",
    ):
        assert line in drawn
