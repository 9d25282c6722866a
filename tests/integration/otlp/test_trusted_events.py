"""Events from another logboom: taken from who was authenticated, where the receiver is told to, by the header; never by what records say."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Blocked, Ok
from collector.testing.service import Service, free_ports
from exporters.otlp_grpc import FACTORY as GRPC
from exporters.otlp_http import FACTORY as HTTP

TOKEN = "a-token-of-the-upstream"
CONFIG = """
extensions:
  bearertokenauth: {{token: a-token-of-the-upstream}}
  health_check: {{endpoint: "127.0.0.1:{health}"}}
receivers:
  otlp:
    trust_events: true
    protocols:
      http: {{endpoint: "127.0.0.1:{http}", auth: {{authenticator: bearertokenauth}}}}
      grpc: {{endpoint: "127.0.0.1:{grpc}", auth: {{authenticator: bearertokenauth}}}}
  otlp/doubting:
    protocols: {{http: {{endpoint: "127.0.0.1:DOUBTING", auth: {{authenticator: bearertokenauth}}}}}}
exporters: {{sqlite: {{}}}}
service:
  extensions: [bearertokenauth, health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  journal: {{max_bytes: 64MiB}}
  ledger: {{max_bytes: 64MiB, partitions: 2}}
  pipelines: {{logs: {{receivers: [otlp, otlp/doubting], exporters: [sqlite]}}}}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, dict[str, int], Path]]:
    root = tmp_path_factory.mktemp("downstream")
    doubting = free_ports(1)[0]
    with Service(root, config=CONFIG.replace("DOUBTING", str(doubting))) as service:
        yield service, {"http": service.http, "grpc": service.grpc, "doubting": doubting}, root


def deployment(subject: str, name: str = "logboom.deployment") -> LogBatch:
    return LogBatch.of(
        {"body": [subject], "event_name": [name], "time_unix_nano": [7]}, {"logboom.deployment.id": [subject]}
    )


async def _send(kind: str, port: int, batch: LogBatch, generation: int, token: str) -> Any:
    factory, scheme = (GRPC, "") if kind == "grpc" else (HTTP, "http://")
    options = {
        "endpoint": f"{scheme}127.0.0.1:{port}",
        "tls": {"insecure": True},
        "headers": {"Authorization": f"Bearer {token}"},
    }
    exporter = factory.create(factory.config(**options), Context("otlp", Path()))
    await exporter.start()
    request = exporter.encode_made(batch, generation) if generation else exporter.encode(batch)
    try:
        return exporter.classify(await exporter.send(request))
    finally:
        await exporter.shutdown()


def send(kind: str, port: int, batch: LogBatch, generation: int, token: str = TOKEN) -> Any:
    return asyncio.run(_send(kind, port, batch, generation, token))


def await_rows(root: Path, bodies: str, wanted: list[Any]) -> None:
    """(body, generation) of these records, as soon as they are there."""
    deadline = time.monotonic() + 60
    asked = f"SELECT body, generation FROM logs WHERE body IN (SELECT value FROM json_each('{json.dumps(bodies.split())}')) ORDER BY 1, 2"
    while (found := rows(root, asked)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def rows(root: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(next(root.rglob("store.db")))) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.e2e
@pytest.mark.timeout(240)
def test_who_is_believed(running: tuple[Service, dict[str, int], Path]) -> None:
    """Over both protocols; each subject stands for one way to send it."""
    _, ports, root = running
    assert send("http", ports["http"], deployment("trusted-http"), 1) == [Ok()]
    assert send("grpc", ports["grpc"], deployment("trusted-grpc"), 3) == [Ok()]
    assert send("http", ports["http"], deployment("sent"), 0) == [Ok()]
    assert send("http", ports["doubting"], deployment("not-asked-to-trust"), 1) == [Ok()]
    assert send("http", ports["http"], deployment("command", "logboom.command.resolve"), 1) == [Ok()]
    assert isinstance(send("http", ports["http"], deployment("stranger"), 1, "wrong")[0], Blocked)
    told = [("command", None), ("not-asked-to-trust", None), ("sent", None), ("trusted-grpc", 3), ("trusted-http", 1)]
    await_rows(root, "command not-asked-to-trust sent stranger trusted-grpc trusted-http", told)
    assert rows(root, "SELECT deployment_id FROM deployments WHERE deployment_id LIKE '%t%r%' ORDER BY 1") == [
        ("trusted-grpc",),
        ("trusted-http",),
    ]


@pytest.mark.e2e
def test_the_same_bytes_said_to_be_made_are_no_duplicate(running: tuple[Service, dict[str, int], Path]) -> None:
    """What was sent first and what is told to be an event are two records."""
    _, ports, root = running
    for generation in (0, 1, 1):
        assert send("http", ports["http"], deployment("twice"), generation) == [Ok()]
    await_rows(root, "twice", [("twice", None), ("twice", 1)])
