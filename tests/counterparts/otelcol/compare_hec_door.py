"""A real Collector's splunk_hec exporter sends to the receiver splunk_hec: each record arrives once. Run by `make compare`."""

from __future__ import annotations

import pytest
from otlp_input import post

from collector.receivers.splunk_hec import FACTORY
from collector.testing.service import free_ports
from counterparts.json_door import door
from counterparts.otelcol import Collector, built

pytestmark = pytest.mark.timeout(300)
RECORDS = 3000


@pytest.mark.parametrize(
    "options", [{}, {"disable_compression": True}, {"export_raw": True}, {"max_content_length_logs": 2000}], ids=str
)
def test_a_collector_sends(options, tmp_path):
    """Gzipped, plain, as text, in many requests."""
    [port] = free_ports(1)
    with door(FACTORY, "splunk_hec", {"endpoint": "127.0.0.1:0"}) as running:
        exporter = {
            "endpoint": f"http://{running.address}/services/collector",
            "token": "t",
            "sending_queue": {"enabled": False},
            **options,
        }
        if "export_raw" in options:
            exporter["endpoint"] += "/raw"
        config = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
            "exporters": {"splunk_hec": exporter},
            "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["splunk_hec"]}}},
        }
        with Collector(built("siem"), config, tmp_path):
            assert post(port, request()) == 200
        found = running.records
    assert sorted(record["body"] for record in found) == sorted(f"query {number} failed" for number in range(RECORDS))
    if "export_raw" not in options:
        assert {record["resource"]["host.name"] for record in found} == {"web-1"}
        assert {record["attributes"]["service.name"] for record in found} == {"shop"}
        assert sorted(record["time"] for record in found) == [
            1_764_411_072_000_000_000 + number * 1_000_000 for number in range(RECORDS)
        ]


def request() -> dict:
    """OTLP JSON."""
    attributes = [
        {"key": key, "value": {"stringValue": text}} for key, text in (("host.name", "web-1"), ("service.name", "shop"))
    ]
    records = [
        {
            "timeUnixNano": str(1_764_411_072_000_000_000 + number * 1_000_000),
            "body": {"stringValue": f"query {number} failed"},
        }
        for number in range(RECORDS)
    ]
    return {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": records}]}]}
