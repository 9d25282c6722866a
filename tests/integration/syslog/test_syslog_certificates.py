"""Real servers judge certificates in their own ways: whoever is turned away has delivered nothing."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry
from collector.testing.row_batch import Row, batch_of
from counterparts.certificates import Authority
from exporters.syslog.config import SyslogConfig
from exporters.syslog.exporter import SyslogExporter

ONE = batch_of([Row("1", fields={"event_name": "turned-away"})])


def exporter(server, **tls) -> SyslogExporter:
    port = server.port("mutual")
    every = {"ca_file": str(server.authority.ca_file), **tls}
    confirm = every.pop("confirm")
    config = {"endpoint": "127.0.0.1", "port": port, "tls": every, "confirm": confirm}
    return SyslogExporter(SyslogConfig.model_validate(config), Context("syslog", Path()))


def stranger(server, tmp_path) -> dict[str, str]:
    pair = Authority(tmp_path, "another authority").issue("stranger")
    return {"cert_file": str(pair.cert), "key_file": str(pair.key)}


def expired(server, tmp_path) -> dict[str, str]:
    pair = server.authority.issue("expired", datetime.timedelta(minutes=-5))
    return {"cert_file": str(pair.cert), "key_file": str(pair.key)}


CLIENTS = {"without a certificate": lambda *_: {}, "of another authority": stranger, "expired": expired}


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("confirm", ["written", "received", "closed"])
@pytest.mark.parametrize("client", CLIENTS)
def test_turned_away(server, talk, tmp_path, client, confirm, version):
    """No `confirm` counts it as delivered, whether the server says why or just hangs up, before or after the handshake."""
    _, _, sent = talk
    one = exporter(server, confirm=confirm, max_version=version, **CLIENTS[client](server, tmp_path))
    [[verdict]] = asyncio.run(sent(one, ONE))
    assert isinstance(verdict, Blocked | Retry), verdict
    if client == "expired":
        assert isinstance(verdict, Blocked)
        assert "expired" in verdict.reason
    assert "turned-away" not in {message.msgid for message in server.messages()}


@pytest.mark.parametrize("confirm", ["received", "closed"])
def test_in_the_clear_to_an_input_that_speaks_tls(server, talk, confirm):
    """Its kernel takes everything, nobody reads it: not delivered, and the reason says what it may be."""
    exporter_for, _, sent = talk
    port = server.port(server.input("tls", "octet_counting", "rfc5424"))
    one = exporter_for(server, "tcp", "octet_counting", "rfc5424", confirm=confirm, port=port)
    for [verdict] in asyncio.run(sent(one, ONE, ONE)):
        assert isinstance(verdict, Retry), verdict
        assert "it may speak TLS" in verdict.reason


@pytest.mark.parametrize("transport", ["tcp", "tls", "mutual"])
def test_confirmed_by_closing(server, talk, transport):
    """Both servers end a connection that we ended, after they read it: a request each, in order, nothing left open."""
    exporter_for, _, sent = talk
    before = len(server.messages())
    batches = [batch_of([Row(f"{n}", fields={"event_name": f"closed-{n}"})] * 50) for n in range(5)]
    verdicts = asyncio.run(
        sent(exporter_for(server, transport, "octet_counting", "rfc5424", confirm="closed"), *batches)
    )
    assert verdicts == [[Ok()]] * 5
    found = server.await_messages(before + 250)[before:]
    assert [message.msgid for message in found] == [f"closed-{n}" for n in range(5) for _ in range(50)]
