"""The exporter loki, and OTLP over HTTP, against a real Grafana Loki built from its Go module (`make check-loki`): bad days, what it refuses, what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.outcomes import Ok, Split
from collector.testing.row_batch import Row, batch_of
from counterparts import sending
from counterparts.bad_days import PATIENT, QUICK, Load, mixture
from counterparts.fault_proxy import proxied
from counterparts.loki_server import LokiServer, running
from counterparts.partition_bench import START_UNIX_MS
from exporters.loki import FACTORY
from exporters.otlp_http import FACTORY as OTLP_HTTP

pytestmark = pytest.mark.timeout(3600)
THEN = START_UNIX_MS * 1_000_000
NOW = 1_700_000_000_000_000_001


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LokiServer]:
    with running(tmp_path_factory.mktemp("loki")) as server:
        yield server


@pytest.mark.parametrize("seed", [None, 8, 9])
def test_each_record_stands_there_once(tmp_path: Path, seed: int | None) -> None:
    """Also where answers were lost and pushes repeated: Loki keeps one of equal entries. An empty one for each day."""
    with running(tmp_path) as loki, Load(tmp_path, FACTORY) as load, proxied(loki.url) as proxy:
        proxy.faults.extend([] if seed is None else mixture(seed, 3))
        load.deliver({**(PATIENT if seed is None else QUICK), "format": "raw", "endpoint": proxy.url})
        assert not proxy.faults
        found = loki.lines('{exporter="OTLP"}', THEN)
    assert (found.keys(), set(found.values())) == (set(load.bodies), {1})


def test_what_it_refuses_is_looked_for(loki: LokiServer, tmp_path: Path) -> None:
    """A line above its limit: 400, in its own words; the others arrive when it is alone."""
    batches = [batch_of([Row("a", fields={"body": body, "time_unix_nano": NOW})]) for body in ("x" * 300_000, "fine")]
    found = sending.verdicts(FACTORY, {"endpoint": loki.url, "timeout": "20s"}, tmp_path, *batches)
    assert (type(found[0]), found[1]) == (Split, Ok())
    assert "max entry size" in found[0].reason.lower()


def test_labels_are_those_that_hints_name(loki: LokiServer, tmp_path: Path) -> None:
    resource = [
        ("service.name", "web"),
        ("service.namespace", "shop"),
        ("loki.resource.labels", "host.name"),
        ("host.name", "h-1"),
    ]
    rows = [
        Row(
            "a",
            [("loki.format", "raw")],
            resource,
            fields={"body": "hello", "severity_number": 17, "time_unix_nano": NOW},
        )
    ]
    assert sending.verdicts(FACTORY, {"endpoint": loki.url, "timeout": "20s"}, tmp_path, batch_of(rows)) == [Ok()]
    (stream,) = loki.streams('{host_name="h-1"}', NOW)
    assert (
        stream["stream"].items()
        >= {"job": "shop/web", "level": "ERROR", "exporter": "OTLP", "host_name": "h-1"}.items()
    )
    assert stream["values"] == [[str(NOW), "hello"]]


def test_otlp_over_http_keeps_attributes_as_structured_metadata(loki: LokiServer, tmp_path: Path) -> None:
    rows = [
        Row("a", [("user", "bob")], [("service.name", "otlp-web")], fields={"body": "hello", "time_unix_nano": NOW})
    ]
    options = {"endpoint": f"{loki.url}/otlp", "timeout": "20s"}
    assert sending.verdicts(OTLP_HTTP, options, tmp_path, batch_of(rows)) == [Ok()]
    (stream,) = loki.streams('{service_name="otlp-web"}', NOW)
    assert stream["stream"]["user"] == "bob"
    assert stream["values"] == [[str(NOW), "hello"]]
