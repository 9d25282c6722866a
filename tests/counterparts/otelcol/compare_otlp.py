"""What logboom sends over OTLP reaches a real Collector with every field as it was. Run by `make compare`; Go is needed.

The Collector's fileexporter writes what its otlpreceiver understood, as OTLP JSON; records are compared with the input's,
each with its resource and scope.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import urllib.request
from pathlib import Path

import orjson
import pytest

from collector.component import Context
from collector.outcomes import Ok
from collector.testing.service import Service, free_ports
from counterparts.certificates import Authority
from counterparts.kept_results import read_lines
from counterparts.otelcol import Collector, built
from counterparts.received_otlp import records, written
from exporters.otlp_grpc import FACTORY as OTLP
from exporters.otlp_http import FACTORY as OTLP_HTTP
from otlp_wire import decode_payloads, json_to_protobuf

pytestmark = pytest.mark.timeout(300)
INPUTS = Path(__file__).parents[2] / "golden" / "otelcol" / "inputs"
FACTORIES = {"otlp": OTLP, "otlphttp": OTLP_HTTP}
FILES = ("edges.jsonl", "corpus.jsonl.gz", "traffic.jsonl.gz")
TRANSPORTS = [
    (kind, encoding, compression, secure)
    for kind, encodings, compressions in (
        ("otlp", ("proto",), ("none", "gzip", "zstd")),
        ("otlphttp", ("proto", "json"), ("none", "gzip", "zstd")),
    )
    for encoding, compression, secure in itertools.product(encodings, compressions, (False, True))
]
CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}, grpc: {{endpoint: "127.0.0.1:{grpc}"}}}}}}
exporters:
  otlp: {{endpoint: "127.0.0.1:GRPC", tls: {{insecure: true}}}}
  otlphttp: {{endpoint: "http://127.0.0.1:HTTP"}}
extensions:
  health_check: {{endpoint: "127.0.0.1:{health}"}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  ledger: {{dedup_window: 0s}}
  pipelines: {{logs: {{receivers: [otlp], exporters: [EXPORTER]}}}}
"""


@pytest.fixture(scope="module")
def payloads() -> list[bytes]:
    """Every kept input as protobuf."""
    lines = itertools.chain.from_iterable(read_lines(INPUTS / file) for file in FILES)
    return [json_to_protobuf(orjson.dumps(line["request"])) for line in lines]


def receiving(grpc: int, http: int, out: Path, tls: dict) -> dict:
    """A Collector that writes down what it receives."""
    ports = {"grpc": grpc, "http": http}
    protocols = {name: {"endpoint": f"127.0.0.1:{port}", **tls} for name, port in ports.items()}
    return {
        "receivers": {"otlp": {"protocols": protocols}},
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["file"]}}},
    }


@pytest.mark.parametrize(("kind", "encoding", "compression", "secure"), TRANSPORTS)
def test_every_field_arrives(kind, encoding, compression, secure, payloads, tmp_path):
    """gRPC and HTTP, protobuf and JSON, each compression, with and without TLS: equal to the input."""
    grpc, http = free_ports(2)
    authority = Authority(tmp_path)
    server = authority.issue("server")
    tls = {"tls": {"cert_file": str(server.cert), "key_file": str(server.key)}} if secure else {}
    scheme = "https" if secure else "http"
    options = {
        "endpoint": f"127.0.0.1:{grpc}" if kind == "otlp" else f"{scheme}://127.0.0.1:{http}",
        "compression": compression,
        "tls": {"ca_file": str(authority.ca_file)} if secure else {"insecure": True},
        **({"encoding": encoding} if kind == "otlphttp" else {}),
    }
    out = tmp_path / "received.json"
    with Collector(built("siem"), receiving(grpc, http, out, tls), tmp_path):
        asyncio.run(_send(kind, options, payloads))
    assert written(out) == records(payloads)


async def _send(kind: str, options: dict, payloads: list[bytes]) -> None:
    factory = FACTORIES[kind]
    exporter = factory.create(factory.config.model_validate(options), Context(kind, Path()))
    await exporter.start()
    try:
        for payload in payloads:
            batch = decode_payloads([payload])
            if len(batch):
                verdicts = exporter.classify(await exporter.send(exporter.encode(batch)))
                assert list(verdicts) == [Ok()]
    finally:
        await exporter.shutdown()


@pytest.mark.parametrize("kind", ["otlp", "otlphttp"])
def test_every_field_passes_the_whole_product(kind, payloads, tmp_path):
    """`logboom run` between a sender and the Collector: equal to the input, but for the order of requests."""
    grpc, http = free_ports(2)
    out = tmp_path / "received.json"
    config = CONFIG.replace("GRPC", str(grpc)).replace("HTTP", str(http)).replace("EXPORTER", kind)
    collector = Collector(built("siem"), receiving(grpc, http, out, {}), tmp_path)
    with collector, Service(tmp_path, config=config) as service:
        for payload in payloads:
            _post(service.http, payload)
        expected = records(payloads)
        deadline = time.monotonic() + 60
        while len(written(out)) < len(expected) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert service.terminate() == 0
    assert sorted(written(out), key=orjson.dumps) == sorted(expected, key=orjson.dumps)


def _post(port: int, payload: bytes) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", payload, headers, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
