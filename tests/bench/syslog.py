"""What taking syslog and lines costs: CPU of all processes from the socket to delivery's end, in µs a record.

python tests/bench/syslog.py [udp tcp_3164 tcp_5424 tcp_5424_data octets lines] [--records 500000]
"""

from __future__ import annotations

import argparse
import re
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from collector.testing.service import Service, free_ports

CONFIG = """
receivers: RECEIVER
exporters: {{nop: {{}}}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  processes: {{ingest: 1, workers: 1}}
  ledger: {{partitions: 1}}
  pipelines: {{logs: {{receivers: [NAME], exporters: [nop]}}}}
"""
_TEXT = "served request {0:07} in 12 ms, to the content of all who had asked for it"


def _new(number: int, data: str = "-") -> str:
    return f"<{number % 8 + 8}>1 2026-11-30T08:00:{number % 60:02}.{number % 10**6:06}Z web-{number % 9} shop {number % 3000} ID7 {data} {_TEXT.format(number)}"


def _data(number: int) -> str:
    return _new(number, f'[origin ip="10.0.0.{number % 200}" swVersion="8.2"][meta sequenceId="{number}"]')


def _old(number: int) -> str:
    return f"<{number % 8 + 8}>Nov 30 08:00:{number % 60:02} web-{number % 9} shop[{number % 3000}]: {_TEXT.format(number)}"


def _counted(number: int) -> str:
    message = _new(number)
    return f"{len(message)} {message}"


KINDS: dict[str, tuple[Callable[[int], str], str, str]] = {
    "udp": (_old, "", '{{syslog: {{protocol: rfc3164, udp: {{listen_address: "127.0.0.1:PORT"}}}}}}'),
    "tcp_3164": (_old, "\n", '{{syslog: {{protocol: rfc3164, tcp: {{listen_address: "127.0.0.1:PORT"}}}}}}'),
    "tcp_5424": (_new, "\n", '{{syslog: {{protocol: rfc5424, tcp: {{listen_address: "127.0.0.1:PORT"}}}}}}'),
    "tcp_5424_data": (_data, "\n", '{{syslog: {{protocol: rfc5424, tcp: {{listen_address: "127.0.0.1:PORT"}}}}}}'),
    "octets": (_counted, "", '{{syslog: {{protocol: rfc5424, enable_octet_counting: true, tcp: {{listen_address: "127.0.0.1:PORT"}}}}}}'),
    "lines": (_new, "\n", '{{tcp_log: {{listen_address: "127.0.0.1:PORT"}}}}'),
}  # fmt: skip
"""How a record is written, what follows it over TCP, the receiver."""


def _cpu(service: Service) -> float:
    assert service.process is not None
    processes = [psutil.Process(service.process.pid), *service.children()]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _ended(service: Service) -> int:
    text = service.get("/metrics", service.metrics)[1]
    found = re.findall(r'^logboom\S*\{[^}]*component="?exporter/nop[^}]*exported[^}]*\} (\S+)$', text, re.MULTILINE)
    return int(sum(map(float, found)))


def _over_udp(port: int, messages: list[bytes]) -> None:
    """As fast as 40,000 a second: what a kernel's buffer holds is soon gone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        for at in range(0, len(messages), 200):
            for message in messages[at : at + 200]:
                sender.send(message)
            time.sleep(0.005)


def taken(kind: str, records: int) -> tuple[float, int]:
    """µs a record, and how many came through."""
    write, behind, receiver = KINDS[kind]
    [port] = free_ports(1)
    config = CONFIG.replace("RECEIVER", receiver.replace("PORT", str(port)))
    config = config.replace("NAME", "tcp_log" if kind == "lines" else "syslog")
    messages = [(write(number) + behind).encode() for number in range(records)]
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), config=config) as service:
        time.sleep(3)
        before = _cpu(service)
        if kind == "udp":
            _over_udp(port, messages)
        else:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"".join(messages))
        there, quiet_since = 0, time.monotonic()
        while there < records and time.monotonic() - quiet_since < 10:
            time.sleep(0.2)
            now = _ended(service)
            quiet_since = time.monotonic() if now > there else quiet_since
            there = now
        return (_cpu(service) - before) / max(1, there) * 1e6, there


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--records", type=int, default=500_000)
    given = parser.parse_args()
    for kind in given.kinds:
        cost, there = taken(kind, given.records)
        print(f"{kind}: {cost:.2f} µs a record; {there:,} of {given.records:,} came through")


if __name__ == "__main__":
    main()
