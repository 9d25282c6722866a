"""What a real Collector's syslog exporter writes for the kept inputs, written to tests/golden/otelcol/syslog/.

    python tests/counterparts/otelcol/record_syslog.py

A line of a result: the input's name, the Collector's answer to the sender, and the bytes of its connection as text.
"""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from otlp_input import post

from collector.testing.service import free_ports
from counterparts.kept_results import read_lines, write_lines
from counterparts.otelcol import Collector, built, version

KEPT = Path(__file__).parents[2] / "golden" / "otelcol"
PLAIN = {"sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}, "tls": {"insecure": True}}


def main() -> None:
    """Every variant, one Collector after the other."""
    for name, variant in json.loads((KEPT / "syslog" / "variants.json").read_text()).items():
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
            [port] = free_ports(1)
            options = {**PLAIN, **variant["options"], "endpoint": "127.0.0.1", "port": server.getsockname()[1]}
            with Collector(built("siem"), config(port, {**options, "network": "tcp"}), Path(folder)):
                for file in variant["inputs"]:
                    results = list(recorded(port, server, KEPT / "inputs" / file))
                    write_lines(KEPT / "syslog" / f"{name}.jsonl", results)
                    print(name, file, len(results))
    (KEPT / "syslog" / "VERSION").write_text(version("siem") + "\n")


def config(port: int, exporter: dict) -> dict:
    """OTLP in, syslog out without a queue: a connection for each request."""
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {"syslog": exporter},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["syslog"]}}},
    }


def recorded(port: int, server: socket.socket, inputs: Path) -> Iterator[dict]:
    """Each input's result, in order."""
    for line in read_lines(inputs):
        status = post(port, line["request"])
        yield {"name": line["name"], "status": status, "sent": _connection(server).decode()}


def _connection(server: socket.socket) -> bytes:
    """All bytes of the connection that waits, up to its end."""
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as stream:
        return stream.read()


if __name__ == "__main__":
    main()
