"""What a real Collector's splunk_hec exporter sends for the kept inputs, written to tests/golden/otelcol/splunk_hec/.

    python tests/counterparts/otelcol/record_splunk_hec.py

A line of a result: the input's name, the Collector's answer to the sender, and the bodies of its requests with their paths.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from otlp_input import post

from collector.testing.service import free_ports
from counterparts.http_recorder import Answer, HttpRecorder, Received
from counterparts.kept_results import read_lines, write_lines
from counterparts.otelcol import Collector, built, version

KEPT = Path(__file__).parents[2] / "golden" / "otelcol"
PLAIN = {"sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}, "disable_compression": True}


def main() -> None:
    """Every variant, one Collector after the other."""
    for name, variant in json.loads((KEPT / "splunk_hec" / "variants.json").read_text()).items():
        with tempfile.TemporaryDirectory() as folder, HttpRecorder(taken_in) as splunk:
            [port] = free_ports(1)
            options = {**PLAIN, **variant["options"], "endpoint": splunk.url, "token": "kept"}
            with Collector(built("siem"), config(port, options), Path(folder)):
                for file in variant["inputs"]:
                    results = list(recorded(port, splunk, KEPT / "inputs" / file))
                    write_lines(KEPT / "splunk_hec" / f"{name}-{file.partition('.')[0]}.jsonl.gz", results)
                    print(name, file, len(results))
    (KEPT / "splunk_hec" / "VERSION").write_text(version("siem") + "\n")


def config(port: int, exporter: dict) -> dict:
    """OTLP in, HEC out without a queue: the sender's answer comes after the request."""
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {"splunk_hec": exporter},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["splunk_hec"]}}},
    }


def recorded(port: int, splunk: HttpRecorder, inputs: Path) -> Iterator[dict]:
    """Each input's results, in order."""
    for line in read_lines(inputs):
        status = post(port, line["request"])
        sent = [{"path": request.path, "body": request.body.decode()} for request in splunk.taken()]
        yield {"name": line["name"], "status": status, "sent": sent}


def taken_in(_request: Received) -> Answer:
    """What Splunk says when all is well."""
    return Answer(b'{"text":"Success","code":0}')


if __name__ == "__main__":
    main()
