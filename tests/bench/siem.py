"""OTLP in, categorize, triage, and out to a SIEM's protocol on loopback: CPU of all of logboom's processes.

make bench-siem

The sink counts what arrives, on the other core; each figure is the median of several runs.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from measuring import drained, measured, row
from processes import CLIENT_CORE, await_port, free_port
from systems import logboom
from tables import Row, machine, render

SINKS = {"syslog/text": "syslog", "syslog/cef": "syslog", "syslog/leef": "syslog", "splunk_hec": "hec"}
"""Exporter of `systems.EXPORTERS` → kind of sink."""


def arrived(kind: str, port: int) -> int:
    """How many records the sink has."""
    if kind == "hec":
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/count") as answer:
            return int(answer.read())
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"count\n")
        return int(connection.recv(64))


def to_sink(exporter: str, kind: str, records: int, runs: int) -> Row:
    """One line of the table. Everything that was acknowledged arrives."""
    port = free_port()
    script = Path(__file__).with_name("siem_sink.py")
    sink = subprocess.Popen(["taskset", "-c", str(CLIENT_CORE), sys.executable, str(script), kind, str(port)])
    taken = []
    try:
        await_port(port)
        for _ in range(runs):
            system = logboom(exporter, triage=True, sink=port)
            before = arrived(kind, port)
            taken.append(measured(system, "grpc", 500, 4, records, finished=drained(system)))
            system.stop()
            came, sent = arrived(kind, port) - before, taken[-1][0].acknowledged
            assert came >= sent, f"{came} of {sent} arrived"
    finally:
        sink.terminate()
        sink.wait()
    return row(f"OTLP → categorize + triage → {exporter}", "logboom", taken)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    records, runs = (50_000, 1) if options.quick else (200_000, 3)
    Path("build").mkdir(exist_ok=True)
    rows = [to_sink(exporter, kind, records, runs) for exporter, kind in SINKS.items()]
    print(f"{machine()}\n")
    print(render("To a SIEM's protocol, over loopback", rows))


if __name__ == "__main__":
    main()
