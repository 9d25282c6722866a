"""Columns → syslog messages, and on to a TCP receiver: µs a record, on the demo's traffic.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/syslog_encoding.py

`encode` is CPU time of one thread. `delivered` is wall time over all records, encoding included, with one connection on
loopback to a process that reads and throws away.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from collector.batch import LogBatch
from collector.cli.traffic.payloads import templates
from collector.component import Context
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder
from exporters.syslog.exporter import SyslogExporter

LAYOUTS: dict[str, dict[str, Any]] = {
    "rfc5424 text": {},
    "rfc3164 text": {"protocol": "rfc3164"},
    "rfc5424 structured data": {"structured_data": {"enterprise_number": 32473}},
    "rfc5424 cef": {"format": "cef"},
    "rfc5424 leef": {"format": "leef"},
    "rfc5424 json": {"format": "json"},
}
SINK = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    connection, _ = server.accept()
    while connection.recv(1 << 20):
        pass
    connection.close()
"""


def batch() -> LogBatch:
    """Ten thousand records of a shop's services."""
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, 500, 20))]
    entries = [Entry("j", at, "a.example", "otlp", body, 500, 1_800_000_000_000, b"") for at, body in enumerate(bodies)]
    return decode(entries).batch


def micros(function: Callable[[], object], records: int, clock: Callable[[], float], rounds: int = 7) -> float:
    """Least time of some rounds."""
    least = float("inf")
    for _ in range(rounds):
        began = clock()
        function()
        least = min(least, clock() - began)
    return least / records * 1e6


def delivered(records: LogBatch, config: SyslogConfig) -> float:
    """Encode and send, one request after the other; kernel to kernel for `received`, read to the end for `closed`."""

    async def run() -> float:
        exporter = SyslogExporter(config, Context("syslog", Path()))
        await exporter.start()
        least = float("inf")
        for _ in range(7):
            began = time.perf_counter()
            await exporter.send(exporter.encode(records))
            least = min(least, time.perf_counter() - began)
        await exporter.shutdown()
        return least / len(records) * 1e6

    return uvloop.run(run())


def main() -> None:
    """Print a table."""
    records = batch()
    sink = subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE)
    assert sink.stdout is not None
    port = int(sink.stdout.readline())
    print(f"{len(records)} records\n{'':24} bytes  encode", *(f"{one:>9}" for one in ("written", "received", "closed")))
    try:
        for name, options in LAYOUTS.items():
            plain = {"endpoint": "127.0.0.1", "port": port, "tls": {"insecure": True}, **options}
            config = SyslogConfig.model_validate(plain)
            encoder = Encoder(config)
            size = len(encoder.encode(records).body) // len(records)
            times = [micros(lambda encoder=encoder: encoder.encode(records), len(records), time.process_time)]
            times += [
                delivered(records, config.model_copy(update={"confirm": one}))
                for one in ("written", "received", "closed")
            ]
            print(f"{name:24} {size:5} {times[0]:7.2f}", *(f"{one:9.2f}" for one in times[1:]))
    finally:
        sink.kill()
        sink.wait()
        sink.stdout.close()


if __name__ == "__main__":
    main()
