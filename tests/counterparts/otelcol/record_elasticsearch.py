"""The bulk requests that a real Collector makes of the kept inputs, written to tests/golden/otelcol/elasticsearch/.

    python tests/counterparts/otelcol/record_elasticsearch.py

`variants.json` there names the exporter's options and the inputs. A line of a result: the input's name, the Collector's
answer to the sender, and the lines of NDJSON that came of it.
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


def main() -> None:
    """Every variant, one Collector after the other."""
    for name, variant in json.loads((KEPT / "elasticsearch" / "variants.json").read_text()).items():
        with tempfile.TemporaryDirectory() as folder, HttpRecorder(taken_in) as elasticsearch:
            [port] = free_ports(1)
            configuration = config(port, {**variant["options"], "endpoint": elasticsearch.url})
            with Collector(built("elasticsearch"), configuration, Path(folder)):
                for file in variant["inputs"]:
                    results = list(recorded(port, elasticsearch, KEPT / "inputs" / file))
                    stem = file.partition(".")[0]
                    write_lines(KEPT / "elasticsearch" / f"{name}-{stem}.jsonl.gz", results)
                    print(name, stem, len(results))
    (KEPT / "elasticsearch" / "VERSION").write_text(version("elasticsearch") + "\n")


def config(port: int, exporter: dict) -> dict:
    """OTLP in, Elasticsearch out without a queue: the sender's answer comes after the bulk request."""
    plain = {"sending_queue": {"enabled": False}, "compression": "none", "retry": {"enabled": False}}
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {"elasticsearch": {**plain, **exporter}},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["elasticsearch"]}}},
    }


def recorded(port: int, elasticsearch: HttpRecorder, inputs: Path) -> Iterator[dict]:
    """Each input's results, in order."""
    for line in read_lines(inputs):
        status = post(port, line["request"])
        body = b"".join(request.body for request in elasticsearch.taken() if "/_bulk" in request.path)
        yield {"name": line["name"], "status": status, "lines": [each.decode() for each in body.splitlines()]}


def taken_in(request: Received) -> Answer:
    """What Elasticsearch says when all is well."""
    created = {"create": {"_index": "i", "status": 201}}
    actions = sum(line.startswith(b'{"create"') for line in request.body.split(b"\n")[::2])
    body = json.dumps({"took": 1, "errors": False, "items": [created] * actions}).encode()
    return Answer(body, headers={"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"})


if __name__ == "__main__":
    main()
