"""A real Collector's splunk_hec receiver understands logboom as it understands the Collector's own exporter. Run by `make compare`.

The requests of the Collector's exporter are those that `record_splunk_hec.py` has kept. What the receiver made of both goes
through its fileexporter and is compared record by record.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import orjson
import polars as pl
import pytest

from collector.component import Context
from collector.outcomes import Ok
from collector.testing.service import free_ports
from counterparts.certificates import Authority
from counterparts.kept_results import Differences, read_lines
from counterparts.otelcol import Collector, built
from counterparts.received_otlp import written
from exporters.splunk_hec import FACTORY
from otlp_wire import decode_payloads, json_to_protobuf

pytestmark = pytest.mark.timeout(300)
KEPT = Path(__file__).parents[2] / "golden" / "otelcol"
VARIANTS = json.loads((KEPT / "splunk_hec" / "variants.json").read_text())
DIFFERENCES = Differences(KEPT / "splunk_hec" / "differences.yaml", VARIANTS)
ALIKE = {"otel_to_hec_fields": {"record_id": "", "name": ""}, "raw_newlines": "keep", "empty_body": "skip"}
PATHS = {"event": "/services/collector", "raw": "/services/collector/raw"}


def compared(variant: str) -> Iterable[tuple[dict, dict]]:
    """Inputs, and what the Collector's exporter sent for them, without those that are meant to differ."""
    for file in VARIANTS[variant]["inputs"]:
        kept = read_lines(KEPT / "splunk_hec" / f"{variant}-{file.partition('.')[0]}.jsonl.gz")
        pairs = zip(read_lines(KEPT / "inputs" / file), kept, strict=True)
        yield from (pair for pair in pairs if not DIFFERENCES.meant(variant, pair[0]["name"]))


def receiving(port: int, out: Path, *, acknowledges: bool, tls: dict) -> dict:
    """A receiver that writes down what it understood."""
    receiver = {"endpoint": f"127.0.0.1:{port}", **({"ack": {"extension": "ack"}} if acknowledges else {}), **tls}
    return {
        "extensions": {"ack": {}} if acknowledges else {},
        "receivers": {"splunk_hec": receiver},
        "exporters": {"file": {"path": str(out)}},
        "service": {"pipelines": {"logs": {"receivers": ["splunk_hec"], "exporters": ["file"]}}},
    }


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("acknowledges", [False, True], ids=["received", "indexed"])
@pytest.mark.parametrize("compression", ["", "none"], ids=["gzip", "none"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_receiver_understands_both_alike(variant, compression, acknowledges, secure, tmp_path):
    """Every record once, each field equal; with acknowledgement only once the receiver has acknowledged it."""
    [port] = free_ports(1)
    authority = Authority(tmp_path)
    server = authority.issue("server")
    tls = {"tls": {"cert_file": str(server.cert), "key_file": str(server.key)}} if secure else {}
    url = f"{'https' if secure else 'http'}://127.0.0.1:{port}"
    options = {
        "endpoint": url,
        "token": "t",
        "compression": compression,
        "acknowledgement": {"enabled": acknowledges, "interval": "20ms"},
        **({"tls": {"ca_file": str(authority.ca_file)}} if secure else {}),
        **ALIKE,
        **VARIANTS[variant]["options"],
    }
    inputs = list(compared(variant))
    ours, theirs = tmp_path / "logboom.json", tmp_path / "collector.json"
    with Collector(built("siem"), receiving(port, ours, acknowledges=acknowledges, tls=tls), tmp_path):
        asyncio.run(_send(options, [json_to_protobuf(orjson.dumps(told["request"])) for told, _ in inputs]))
    with Collector(built("siem"), receiving(port, theirs, acknowledges=False, tls=tls), tmp_path):
        context = ssl.create_default_context(cafile=str(authority.ca_file)) if secure else None
        for _, kept in inputs:
            for sent in kept["sent"]:
                _post(url + PATHS[variant], sent["body"], context)
    assert _understood(ours, variant) == _understood(theirs, variant) != []


async def _send(options: dict, payloads: list[bytes]) -> None:
    exporter = FACTORY.create(FACTORY.config.model_validate(options), Context("splunk_hec", Path()))
    await exporter.start()
    try:
        await asyncio.gather(*(_send_one(exporter, payload) for payload in payloads))
    finally:
        await exporter.shutdown()


async def _send_one(exporter, payload: bytes) -> None:
    batch = decode_payloads([payload])
    batch = batch.with_fields({"record_id": pl.Series([f"{n:026d}" for n in range(len(batch))], dtype=pl.String)})
    verdicts = exporter.classify(await exporter.send(exporter.encode(batch)))
    assert all(isinstance(verdict, Ok) for verdict in verdicts), verdicts


def _post(url: str, body: str, context: ssl.SSLContext | None) -> None:
    request = urllib.request.Request(url, body.encode(), {"Authorization": "Splunk t"}, method="POST")
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:
        assert answer.status == 200


def _understood(path: Path, variant: str) -> list[str]:
    """The records in any order. A raw line has no more than its text: its time is the clock's, its host the request's."""
    found = written(path)
    if variant == "raw":
        lines = (line["record"].get("body", {}).get("stringValue", "") for line in found)
        return sorted(_value(line) for line in lines if line)
    for line in found:
        attributes = line["record"].pop("attributes", [])
        line["record"]["attributes"] = sorted(
            orjson.dumps(attribute, option=orjson.OPT_SORT_KEYS).decode()
            for attribute in attributes
            if attribute.get("value")
        )
    return sorted(orjson.dumps(line, option=orjson.OPT_SORT_KEYS).decode() for line in found)


def _value(line: str) -> str:
    """The value of a line of JSON: Go writes 1.0 as 1, and sorts members."""
    try:
        return json.dumps(json.loads(line, parse_int=float), sort_keys=True)
    except ValueError:
        return line
