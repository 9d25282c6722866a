"""Columns → CEF and LEEF on the demo's traffic, triaged and with the attributes of HTTP servers: µs a record of CPU.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/cef_leef_encoding.py
"""

from __future__ import annotations

import random
from collections.abc import Callable

import polars as pl
from sample_records import micros

from collector.batch import LogBatch
from collector.cli.traffic.payloads import templates
from collector.documents.cef import cef_text
from collector.documents.leef import leef_text
from collector.journal.entry import Entry
from collector.pipeline.decode import decode

RECORDS = 8000
PATHS = ["/api/users/{}", "/api/orders/{}/items", "/login", "/checkout?id={}"]


def traffic(records: int) -> LogBatch:
    """Records of a shop's services."""
    size = min(records, 500)
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, size, records // size))]
    entries = [
        Entry("j", at, "a.example", "otlp", body, size, 1_800_000_000_000, b"") for at, body in enumerate(bodies)
    ]
    return decode(entries).batch


def triaged(batch: LogBatch) -> LogBatch:
    """The same with eleven attributes of a request each, and what triage adds."""
    chosen = random.Random(1)

    def of(values: list[str]) -> pl.Series:
        return pl.Series([chosen.choice(values) for _ in range(len(batch))])

    numbers = [chosen.randrange(100_000) for _ in range(len(batch))]
    columns = {
        "client.address": pl.Series([f"203.0.{n % 113}.{n % 251}" for n in numbers]),
        "client.port": pl.Series([20_000 + n % 40_000 for n in numbers]),
        "server.address": of(["10.0.0.7", "10.0.0.8", "2001:db8::7"]),
        "server.port": of(["443", "8443"]),
        "http.request.method": of(["GET", "POST", "PUT"]),
        "url.full": pl.Series([f"https://shop.example{PATHS[n % 4].format(n)}" for n in numbers]),
        "http.response.status_code": pl.Series([(200, 200, 201, 404, 500)[n % 5] for n in numbers]),
        "user_agent.original": of([f"Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0)" for n in range(40)]),
        "user.id": pl.Series([f"u-{n % 3000}" for n in numbers]),
        "network.transport": of(["tcp", "udp"]),
        "network.protocol.name": of(["http"]),
        "logboom.source_type": of(["backend", "ui"]),
        "logboom.error_type": of(["none", "error", "exception"]),
        "logboom.component": of([f"Service{n}" for n in range(20)]),
        "logboom.endpoint": of(PATHS),
        "logboom.triage.level": of(["critical", "warning", "info"]),
        "logboom.triage.rule": of([f"rule-{n}" for n in range(12)]),
        "logboom.triage.action": of(["alert", "aggregate"]),
        "deployment.environment.name": of(["production", "staging"]),
    }
    return batch.with_attributes(columns)


def main() -> None:
    """Print a table."""
    print(f"{'batch':34} {'cef':>7} {'+extra':>7} {'leef':>7}   µs a record; bytes of an event")
    for records in (20, 500, RECORDS):
        plain = traffic(records)
        for name, batch in (("traffic", plain), ("triaged requests", triaged(plain))):
            steps: list[Callable[[], pl.Series]] = [
                lambda b=batch: cef_text(b),  # type: ignore[misc]
                lambda b=batch: cef_text(b, extra_attributes=True),  # type: ignore[misc]
                lambda b=batch: leef_text(b),  # type: ignore[misc]
            ]
            costs = " ".join(f"{micros(step, len(batch)):7.2f}" for step in steps)
            print(f"{name + ', ' + str(len(batch)) + ' records':34} {costs}   {steps[0]().str.len_bytes().mean():.0f}")


if __name__ == "__main__":
    main()
