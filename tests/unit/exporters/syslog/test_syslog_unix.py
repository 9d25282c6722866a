"""The unix socket, and the life cycle without a receiver."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from collector.component import Context
from collector.outcomes import Ok, Retry
from collector.testing.text_batch import text_batch
from exporters.syslog.config import SyslogConfig
from exporters.syslog.exporter import SyslogExporter


def test_lines_over_a_unix_socket(tmp_path):
    """Newline framing, and delivered once the other process has read it; then a new socket of that name."""
    path = tmp_path / "log.sock"

    async def scene() -> list[bytes]:
        exporter = SyslogExporter(SyslogConfig(endpoint=str(path), network="unix"), Context("syslog", Path()))
        await exporter.start()
        request = exporter.encode(text_batch(["a", "b"]))
        try:
            await exporter.send(request)
        except OSError as error:
            [verdict] = exporter.classify(error)
            assert isinstance(verdict, Retry)
            assert "no such socket" in verdict.reason
        found = []
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
                listener.listen()
                sending = asyncio.ensure_future(exporter.send(request))
                await asyncio.sleep(0.05)
                assert not sending.done()
                with listener.accept()[0] as connection:
                    found.append(connection.recv(65536))
                    assert exporter.classify(await sending) == [Ok()]
            path.unlink()
        await exporter.shutdown()
        return found

    lines = b"<166>1 1970-01-01T00:00:00Z - - - - - a\n<166>1 1970-01-01T00:00:00Z - - - - - b\n"
    assert asyncio.run(scene()) == [lines, lines]


def test_shutdown_without_start_and_twice():
    """As every component."""

    async def scene() -> None:
        exporter = SyslogExporter(SyslogConfig(endpoint="localhost"), Context("syslog", Path()))
        await exporter.shutdown()
        await exporter.shutdown()

    asyncio.run(scene())
