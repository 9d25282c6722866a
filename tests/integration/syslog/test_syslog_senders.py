"""rsyslog and syslog-ng send to the receiver: each way that they have of it, and over a restart of ours."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest

from collector.receivers.syslog import FACTORY
from collector.testing.service import free_ports
from counterparts.certificates import Authority
from counterparts.syslog_servers.forwarding import Destination, ForwardingRsyslog, ForwardingSyslogNg
from counterparts.text_receiving import TextReceiving, text_receiving

SENDERS = {"rsyslog": ForwardingRsyslog, "syslog-ng": ForwardingSyslogNg}
MESSAGES = [
    '<11>1 2026-11-30T08:00:00.123456Z web shop 7 ID [a@32473 b="c" d="e f"] it fell, says Zoë',
    "<14>1 2026-11-30T08:00:01.000001Z web cron 8 - - done",
    "<84>1 2026-11-30T08:00:02.5Z web sshd 9 - - Failed password for root",
]
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "octets": ({}, {"protocol": "rfc5424"}),
    "announced": ({}, {"protocol": "rfc5424", "enable_octet_counting": True}),
    "lines": ({"framing": "newline"}, {"protocol": "rfc5424"}),
    "udp": ({"transport": "udp"}, {"protocol": "rfc5424"}),
    "mutual": ({"transport": "mutual"}, {"protocol": "rfc5424", "enable_octet_counting": True}),
    "old lines": ({"framing": "newline", "protocol": "rfc3164"}, {"protocol": "rfc3164"}),
    "old udp": ({"transport": "udp", "protocol": "rfc3164"}, {"protocol": "rfc3164"}),
}
OLD = {
    "hostname": "web",
    "severity": 17,
    "text": "err",
    "appname": "shop",
    "proc_id": "7",
    "message": "it fell, says Zoë",
}
NEW = {
    **OLD, "msg_id": "ID", "version": 1, "facility": 1, "time": 1_796_025_600_123_456_000,
    "structured_data": {"a@32473": {"b": "c", "d": "e f"}},
}  # fmt: skip


def put_in(sender: ForwardingRsyslog | ForwardingSyslogNg, *messages: str) -> None:
    """At its input, by octet counting, which both take."""
    with socket.create_connection(("127.0.0.1", sender.port("tcp"))) as connection:
        connection.sendall(b"".join(b"%d %s" % (len(each.encode()), each.encode()) for each in messages))


def options_of(way: str, port: int, authority: Authority) -> dict[str, Any]:
    given, options = WAYS[way]
    listener: dict[str, Any] = {"listen_address": f"127.0.0.1:{port}"}
    if given.get("transport") == "mutual":
        pair = authority.issue("localhost")
        tls = {"cert_file": str(pair.cert), "key_file": str(pair.key), "client_ca_file": str(authority.ca_file)}
        listener["tls"] = tls
    return {**options, "udp" if given.get("transport") == "udp" else "tcp": listener}


@pytest.mark.usefixtures("servers_installed")
@pytest.mark.parametrize("kind", SENDERS)
def test_every_way_that_it_sends(kind: str, tmp_path: Path) -> None:
    """Host, program, number, level, time, structured data and text arrive as they were sent."""
    authority, ports = Authority(tmp_path), free_ports(len(WAYS))
    received: dict[str, TextReceiving] = {}
    with contextlib.ExitStack() as stack:
        for way, port in zip(WAYS, ports, strict=True):
            received[way] = stack.enter_context(
                text_receiving(FACTORY, options_of(way, port, authority), name=f"syslog/{way}")
            )
        destinations = [Destination(port, **WAYS[way][0]) for way, port in zip(WAYS, ports, strict=True)]
        sender = stack.enter_context(SENDERS[kind](tmp_path, authority, destinations))
        put_in(sender, *MESSAGES)
        for way, receiving in received.items():
            found = [record for record in receiving.eventually(3) if record.get("appname") in ("shop", "cron", "sshd")]
            expected = NEW if WAYS[way][0].get("protocol") != "rfc3164" else OLD
            assert {key: found[0].get(key) for key in expected} == expected, way
            assert [record["appname"] for record in found] == ["shop", "cron", "sshd"], way
            assert not [record for record in found if "logboom.syslog.malformed" in record], way


@pytest.mark.usefixtures("servers_installed")
@pytest.mark.parametrize("kind", SENDERS)
def test_it_goes_on_when_the_receiver_is_back(kind: str, tmp_path: Path) -> None:
    """What its queue held while nobody listened arrives; rsyslog may send one twice."""
    [port] = free_ports(1)
    options = {"protocol": "rfc5424", "tcp": {"listen_address": f"127.0.0.1:{port}"}}
    with SENDERS[kind](tmp_path, Authority(tmp_path), [Destination(port)]) as sender:
        put_in(sender, *MESSAGES)
        with text_receiving(FACTORY, options) as receiving:
            programs = dict.fromkeys(record.get("appname") for record in receiving.eventually(3))
            assert [name for name in programs if name in ("shop", "cron", "sshd")] == ["shop", "cron", "sshd"]
