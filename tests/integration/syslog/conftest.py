"""Real syslog servers, and a way to send them a batch as delivery would."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collector.component import Context
from collector.outcomes import Ok
from counterparts.certificates import Authority
from counterparts.syslog_servers import Rsyslog, SyslogNg, installed
from exporters.syslog.config import SyslogConfig
from exporters.syslog.exporter import SyslogExporter

SERVERS = {"rsyslog": Rsyslog, "syslog-ng": SyslogNg}


@pytest.fixture(scope="session")
def servers_installed():
    installed()


@pytest.fixture(scope="module", params=SERVERS)
def server(request, servers_installed, tmp_path_factory):
    """One server for a module's tests, running."""
    folder = tmp_path_factory.mktemp(request.param)
    with SERVERS[request.param](folder, Authority(folder)) as running:
        yield running


def exporter_for(server, transport: str, framing: str, protocol: str, **options) -> SyslogExporter:
    """An exporter that speaks to the input for such messages."""
    tls: dict = {"insecure": True}
    if transport in ("tls", "mutual"):
        tls = {"ca_file": str(server.authority.ca_file)}
    if transport == "mutual":
        client = server.authority.issue("client")
        tls |= {"cert_file": str(client.cert), "key_file": str(client.key)}
    port = server.port(server.input(transport, framing, protocol))
    config = {"endpoint": "127.0.0.1", "port": port, "network": "udp" if transport == "udp" else "tcp"}
    every = {**config, "tls": tls, "protocol": protocol, "framing": framing, **options}
    return SyslogExporter(SyslogConfig.model_validate(every), Context("syslog", Path()))


async def sent(exporter, *batches):
    """The answers of one request for each batch."""
    await exporter.start()
    try:
        answers = []
        for batch in batches:
            try:
                async with asyncio.timeout(20):
                    answers.append(await exporter.send(exporter.encode(batch)))
            except Exception as error:  # noqa: BLE001  delivery does the same
                answers.append(error)
        return [exporter.classify(answer) for answer in answers]
    finally:
        await exporter.shutdown()


def deliver(server, exporter, batch):
    """Send, and give what the server made of it: all that is new once as many messages came as were sent."""
    before = len(server.messages())
    [[verdict]] = asyncio.run(sent(exporter, batch))
    assert isinstance(verdict, Ok), verdict
    return server.await_messages(before + len(batch))[before:]


@pytest.fixture
def talk():
    """The functions above, for tests that cannot import this file."""
    return exporter_for, deliver, sent
