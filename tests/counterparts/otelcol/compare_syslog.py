"""A real Collector's syslog receiver understands logboom as it understands the Collector's own exporter. Run by `make compare`.

What the Collector's exporter writes is what `record_syslog.py` has kept. What the receiver made of both goes through its
fileexporter and is compared record by record.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from collector.component import Context
from collector.outcomes import Ok
from collector.testing.service import free_ports
from counterparts.certificates import Authority
from counterparts.kept_results import Differences, read_lines
from counterparts.otelcol import Collector, built
from counterparts.received_otlp import written
from exporters.syslog import FACTORY
from otlp_wire import decode_payloads, json_to_protobuf

pytestmark = pytest.mark.timeout(300)
KEPT = Path(__file__).parents[2] / "golden" / "otelcol"
VARIANTS = json.loads((KEPT / "syslog" / "variants.json").read_text())
DIFFERENCES = Differences(KEPT / "syslog" / "differences.yaml", VARIANTS)
INPUTS = read_lines(KEPT / "inputs" / "syslog.jsonl")
ELEMENTS = {"exampleSDID@32473": {"iut": "ü", "eventSource": 'a "b" \\ ]'}, "origin": {"software": "shop"}}
FULL = {"priority": 34, "version": 1, "hostname": "web-1", "appname": "shop", "proc_id": "4711", "msg_id": "ID47"}


class Receiver:
    """A Collector whose syslog receiver writes down what it understood.

    Args:
        newline: its exporter's counts cover a newline, which the receiver cuts off, and then misses, unless told otherwise.
    """

    def __init__(self, folder: Path, protocol: str, *, counted: bool, secure: bool, newline: bool = True) -> None:
        self.port = free_ports(1)[0]
        self.out = folder / "received.json"
        self._authority = Authority(folder)
        pair = self._authority.issue("server")
        self.ca_file = str(self._authority.ca_file) if secure else ""
        tls = {"tls": {"cert_file": str(pair.cert), "key_file": str(pair.key)}} if secure else {}
        kept = {"preserve_trailing_whitespaces": True} if counted and newline else {}
        receiver = {
            "tcp": {"listen_address": f"127.0.0.1:{self.port}", **kept, **tls},
            "protocol": protocol,
            **({"enable_octet_counting": True} if counted else {}),
        }
        config = {
            "receivers": {"syslog": receiver},
            "exporters": {"file": {"path": str(self.out)}},
            "service": {"pipelines": {"logs": {"receivers": ["syslog"], "exporters": ["file"]}}},
        }
        self._collector = Collector(built("siem"), config, folder)

    def understood(self, count: int, send: Callable[[], None]) -> list[dict]:
        """What it wrote down of what `send` sends: `count` records, or fewer after a while."""
        with self._collector:
            send()
            deadline = time.monotonic() + 20
            while len(written(self.out)) < count and time.monotonic() < deadline:
                time.sleep(0.1)
        return [_sorted(line["record"]) for line in written(self.out)]


def _sorted(record: dict) -> dict:
    """The observed time is the receiver's clock; attributes in order of their keys, maps too."""
    record.pop("observedTimeUnixNano", None)
    return {**record, "attributes": _members(record.get("attributes", []))}


def _members(attributes: list[dict]) -> dict:
    return {pair["key"]: _plain(pair["value"]) for pair in sorted(attributes, key=lambda pair: pair["key"])}


def _plain(value: dict) -> object:
    if "kvlistValue" in value:
        return _members(value["kvlistValue"].get("values", []))
    [(_, plain)] = value.items()
    return plain


def replay(receiver: Receiver, bodies: list[str]) -> None:
    """Bytes as they are, a connection for each."""
    context = ssl.create_default_context(cafile=receiver.ca_file) if receiver.ca_file else None
    for body in bodies:
        with socket.create_connection(("127.0.0.1", receiver.port)) as plain:
            connection = context.wrap_socket(plain, server_hostname="localhost") if context else plain
            with connection:
                connection.sendall(body.encode())
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1024):
                    pass


def deliver(receiver: Receiver, options: dict, requests: list[dict]) -> None:
    """By logboom's exporter, a batch for each request."""
    tls = {"ca_file": receiver.ca_file} if receiver.ca_file else {"insecure": True}
    config = FACTORY.config.model_validate({"endpoint": "127.0.0.1", "port": receiver.port, "tls": tls, **options})

    async def main() -> None:
        exporter = FACTORY.create(config, Context("syslog", Path()))
        await exporter.start()
        try:
            for request in requests:
                batch = decode_payloads([json_to_protobuf(orjson.dumps(request))])
                verdicts = list(exporter.classify(await exporter.send(exporter.encode(batch))))
                assert verdicts == [Ok()]
        finally:
            await exporter.shutdown()

    asyncio.run(main())


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_receiver_understands_both_alike(variant, secure, tmp_path):
    """Every message once, each field equal."""
    options = VARIANTS[variant]["options"]
    pairs = zip(INPUTS, read_lines(KEPT / "syslog" / f"{variant}.jsonl"), strict=True)
    inputs, kept = zip(*(pair for pair in pairs if not DIFFERENCES.meant(variant, pair[0]["name"])), strict=True)
    count = sum(len(decode_payloads([json_to_protobuf(orjson.dumps(told["request"]))])) for told in inputs)
    understood = []
    for name in ("logboom", "collector"):
        (tmp_path / name).mkdir()
        counted = options.get("enable_octet_counting", False)
        receiver = Receiver(tmp_path / name, options["protocol"], counted=counted, secure=secure)
        if name == "logboom":
            own = {**VARIANTS[variant]["alike"], **options}
            found = receiver.understood(
                count, lambda to=receiver, own=own: deliver(to, own, [told["request"] for told in inputs])
            )
        else:
            found = receiver.understood(count, lambda to=receiver: replay(to, [line["sent"] for line in kept]))
        understood.append(sorted(orjson.dumps(record, option=orjson.OPT_SORT_KEYS) for record in found))
    assert understood[0] == understood[1]
    assert len(understood[0]) == count


def test_attributes_come_back(tmp_path):
    """By both sides' defaults, what the receiver takes apart is what the record had: fields, elements, parameters."""
    attributes = {**FULL, "message": "it happened", "structured_data": ELEMENTS}
    record = {"timeUnixNano": "1710273641123456000", "attributes": [_pair(*one) for one in attributes.items()]}
    request = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    receiver = Receiver(tmp_path, "rfc5424", counted=True, secure=True, newline=False)
    [found] = receiver.understood(1, lambda: deliver(receiver, {"protocol": "rfc5424"}, [request]))
    expected = {**attributes, "facility": "4", "priority": "34", "version": "1", "structured_data": ELEMENTS}
    assert found["attributes"] == expected
    assert (found["timeUnixNano"], found["severityText"]) == ("1710273641123456000", "crit")


def _pair(key: str, value: object) -> dict:
    return {"key": key, "value": _any(value)}


def _any(value: object) -> dict:
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [_pair(*one) for one in value.items()]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def test_its_own_receiver_does_not_read_a_bare_bracket(tmp_path):
    """Why we escape where the Collector's exporter does not."""
    [sent] = [
        line["sent"] for line in read_lines(KEPT / "syslog" / "rfc5424.jsonl") if line["name"].endswith("bracket")
    ]
    receiver = Receiver(tmp_path, "rfc5424", counted=True, secure=False)
    good = sent.replace("a]b", "a\\]b").replace("97 ", "98 ", 1)
    found = receiver.understood(2, lambda: replay(receiver, [sent, good]))
    read = [record["attributes"].get("structured_data") for record in found]
    assert read.count({"exampleSDID@32473": {"iut": "a]b"}}) == 1
