"""A running logboom takes syslog and lines: sorted, triaged and stored, once each over a reload and the death of a process."""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from collector.testing.service import Service, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

RECEIVERS = """
receivers:
  syslog:
    protocol: rfc5424
    domain: tamyla.com
    tcp: {{listen_address: "127.0.0.1:{tcp}"}}
    udp: {{listen_address: "127.0.0.1:{udp}"}}
  tcp_log: {{listen_address: "127.0.0.1:{lines}", domain: wetechfounders.com}}
service:
  pipelines: {{logs: {{receivers: [syslog, tcp_log], processors: [categorize, triage], exporters: [sqlite]}}}}
"""
SECS = 90.0


def message(number: int) -> bytes:
    return b'<11>1 2026-11-30T08:00:00.5Z web shop 7 - [a@1 b="c"] request %05d failed' % number


def counted(numbers: range) -> bytes:
    return b"".join(b"%d %s" % (len(message(number)), message(number)) for number in numbers)


def sent_over(port: int, data: bytes) -> int:
    """Over a connection of its own, as soon as somebody listens; how often it was sent again, for its end was never confirmed."""
    again = 0
    ends = time.monotonic() + SECS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), SECS) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass
                return again
        except ConnectionRefusedError:
            pass
        except OSError:
            again += 1
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_from_the_network_to_the_store(tmp_path: Path) -> None:
    """Who sends, what fell, and how badly is known of each; what is no message is there, too, and says so."""
    tcp, udp, lines = free_ports(3)
    with Service(tmp_path, RECEIVERS.format(tcp=tcp, udp=udp, lines=lines)) as service:
        sent_over(tcp, counted(range(500)))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(500, 520):
                sender.sendto(message(number), ("127.0.0.1", udp))
        sent_over(lines, b"ERROR it fell\n\xff\x00 no text\n")
        sent_over(tcp, b"no syslog at all\n")
        service.await_rows("SELECT count(*) FROM sent", [(523,)], SECS)
        ingest = service.child("ingest")
        ingest.kill()
        ingest.wait(SECS)
        sent_over(tcp, counted(range(520, 620)))
        service.await_rows("SELECT count(*) FROM sent", [(623,)], SECS)
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        again = sum(sent_over(tcp, counted(range(at, at + 10))) for at in range(620, 720, 10))
        requests = "FROM sent WHERE body LIKE '%failed'"
        service.await_rows(f"SELECT count(DISTINCT body) {requests}", [(720,)], SECS)
        assert service.rows(f"SELECT DISTINCT domain, component, severity_number {requests}") == [
            ("tamyla.com", "shop", 17)
        ]
        assert 720 <= service.rows(f"SELECT count(*) {requests}")[0][0] <= 720 + 10 * again
        others = service.rows("SELECT domain, body FROM sent WHERE body NOT LIKE '%failed' ORDER BY 1, 2")
        assert others == [
            ("tamyla.com", "no syslog at all"), ("wetechfounders.com", "ERROR it fell"), ("wetechfounders.com", "\ufffd\x00 no text"),
        ]  # fmt: skip
        assert service.log.read_text().count("no header") <= 2


def test_who_never_pauses_loses_nothing_over_a_reload(tmp_path: Path) -> None:
    """Senders keep a connection for days; one that sees that its other side has ended makes another."""
    tcp, udp, lines = free_ports(3)
    over, sent, cut = threading.Event(), 0, False

    def has_ended(connection: socket.socket) -> bool:
        poll = select.poll()  # `select` takes no descriptor beyond 1,023
        poll.register(connection, select.POLLIN)
        return bool(poll.poll(0)) and not connection.recv(1)

    def send() -> None:
        nonlocal sent, cut
        while not over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", lines), SECS) as connection:
                    while not over.is_set() and not has_ended(connection):
                        connection.sendall(b"line %06d\n" % sent)
                        sent += 1
                        time.sleep(0.002)
            except ConnectionRefusedError:
                continue
            except OSError:  # this thread slept for longer than the service waits for senders
                cut = True

    with Service(tmp_path, RECEIVERS.format(tcp=tcp, udp=udp, lines=lines)) as service:
        sending = threading.Thread(target=send, daemon=True)
        sending.start()
        service.await_rows("SELECT count(*) > 100 FROM sent", [(1,)], SECS)
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        ends = time.monotonic() + SECS
        while "configuration reloaded" not in service.log.read_text():
            assert time.monotonic() < ends
            time.sleep(0.05)
        over.set()
        sending.join(SECS)
        if not cut:
            service.await_rows("SELECT count(*) FROM sent", [(sent,)], SECS)
        service.await_rows("SELECT count(*) = count(DISTINCT body) FROM sent", [(1,)], SECS)
