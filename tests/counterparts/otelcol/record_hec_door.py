"""What a real Collector's splunk_hec receiver answers to requests, and makes of them, written to tests/golden/otelcol/hec_door/.

python tests/counterparts/otelcol/record_hec_door.py

A line of the result: the request's name, the answer's status and body, and the records as its fileexporter wrote them.
"""

from __future__ import annotations

import http.client
import tempfile
from pathlib import Path
from typing import Any

import orjson

from collector.testing.service import free_ports
from counterparts.hec_requests import OPTIONS, REQUESTS, Request
from counterparts.kept_results import write_lines
from counterparts.otelcol import Collector, built, version

KEPT = Path(__file__).parents[2] / "golden" / "otelcol" / "hec_door"


def main() -> None:
    """One request after the other; what was written belongs, line by line, to those that were taken."""
    with tempfile.TemporaryDirectory() as folder:
        [port] = free_ports(1)
        out = Path(folder) / "out.json"
        with Collector(built("siem"), config(port, out), Path(folder)):
            answers = {name: ask(port, request) for name, request in REQUESTS.items()}
        written = iter(out.read_bytes().splitlines())
        results = [
            {
                "name": name,
                "status": status,
                "body": body,
                "written": orjson.loads(next(written)) if kept(name, status, body) else None,
            }
            for name, (status, body) in answers.items()
        ]
        assert next(written, None) is None
    write_lines(KEPT / "results.jsonl.gz", results)
    (KEPT / "VERSION").write_text(version("siem") + "\n")


def config(port: int, out: Path) -> dict[str, Any]:
    """HEC in, a file out."""
    return {
        "extensions": {"ack": {}},
        "receivers": {"splunk_hec": {"endpoint": f"127.0.0.1:{port}", **OPTIONS}},
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {"logs": {"receivers": ["splunk_hec"], "exporters": ["file"]}}},
    }


def ask(port: int, request: Request) -> tuple[int, str]:
    """Status and body of the answer."""
    method, path, headers, body = request
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers)
    with connection.getresponse() as answer:
        return answer.status, answer.read().decode()


def kept(name: str, status: int, body: str) -> bool:
    """Whether it was taken as logs."""
    return status == 200 and "Success" in body and not name.startswith("ack")


if __name__ == "__main__":
    main()
