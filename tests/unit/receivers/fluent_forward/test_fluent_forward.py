"""The fluent_forward receiver over sockets: acknowledgements, repeats, refusals, heartbeats; a real client library."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from pathlib import Path

import msgpack
import pytest
from fluent.handler import FluentHandler
from fluent.sender import FluentSender

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import ConfigError, Unavailable
from collector.receivers.fluent_forward import FACTORY
from collector.testing.intake import MemoryIntake
from collector.transport.serving.stream_server import StreamConnection
from counterparts.certificates import Authority
from counterparts.json_door import records

SECS = 30.0
CHUNK = ["app", [[1_700_000_000, {"log": "a"}], [1_700_000_001, {"log": "b"}]], {"chunk": "c1"}]


class Received:
    """A running receiver."""

    def __init__(self, address, intake):
        self.address, self.intake = address, intake

    @property
    def records(self):
        return [record for payload in self.intake.payloads for record in records(payload.body)]

    def eventually(self, count):
        ends = time.monotonic() + SECS
        while len(self.records) < count and time.monotonic() < ends:
            time.sleep(0.01)
        return [record.get("body") for record in self.records]


@contextlib.contextmanager
def receiving(intake=None, **options):
    kept = intake or MemoryIntake()
    admission = Admission(checks(DomainResolver(DomainRules())), kept)
    config = FACTORY.config.model_validate({"endpoint": "127.0.0.1:0", **options})
    receiver = FACTORY.create(config, Context("fluent_forward", Path()))
    receiver.start(admission)
    try:
        yield Received(receiver.endpoints()["fluent"], kept)
    finally:
        receiver.shutdown(5.0)
        receiver.shutdown(5.0)


def connected(address):
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECS)
        connection.connect(address.removeprefix("unix:"))
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), SECS)


def answer(connection):
    """The next object that comes; None at the end of the connection."""
    unpacker = msgpack.Unpacker()
    while data := connection.recv(4096):
        unpacker.feed(data)
        for found in unpacker:
            return found
    return None


def test_a_chunk_is_acknowledged_when_it_is_kept():
    """And not before: the intake has it when the sender is told."""
    with receiving() as receiver, connected(receiver.address) as connection:
        connection.sendall(msgpack.packb(CHUNK))
        assert answer(connection) == {"ack": "c1"}
        assert [record["body"] for record in receiver.records] == ["a", "b"]


def test_a_chunk_that_comes_again_is_the_same_one():
    """Over another connection, in another option map: its digest says so; another chunk of the same bytes is another one."""
    with receiving() as receiver:
        for chunk in (
            CHUNK,
            [*CHUNK[:2], {"chunk": "c1", "size": 2}],
            [*CHUNK[:2], {"chunk": "c2"}],
            ["other", *CHUNK[1:]],
        ):
            with connected(receiver.address) as connection:
                connection.sendall(msgpack.packb(chunk))
                assert answer(connection) == {"ack": chunk[2]["chunk"]}
        digests = [payload.digest for payload in receiver.intake.payloads]
        assert len(digests) == 4
        assert digests[0] == digests[1]
        assert len(set(digests)) == 3


def test_equal_messages_without_a_chunk_are_all_kept():
    """They may be said twice: no two payloads have one digest."""
    with receiving() as receiver, connected(receiver.address) as connection:
        for count in (1, 2, 3):
            connection.sendall(msgpack.packb(["app", 1_700_000_000, {"log": "same"}]))
            assert receiver.eventually(count) == ["same"] * count
        assert len({payload.digest for payload in receiver.intake.payloads}) == len(receiver.intake.payloads)


def test_many_connections_and_chunks_at_once():
    """Each acknowledged once."""
    with receiving() as receiver, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(receiver.address)) for _ in range(10)]
        for number, connection in enumerate(connections):
            connection.sendall(b"".join(msgpack.packb([*CHUNK[:2], {"chunk": f"{number}-{n}"}]) for n in range(20)))
        for number, connection in enumerate(connections):
            unpacker, acks = msgpack.Unpacker(), []
            while len(acks) < 20:
                unpacker.feed(connection.recv(4096))
                acks += [found["ack"] for found in unpacker]
            assert sorted(acks) == sorted(f"{number}-{n}" for n in range(20))
        assert len(receiver.records) == 400


class Full(MemoryIntake):
    """No room for the first `times` payloads."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def append(self, payloads, done):
        if self.times:
            self.times -= 1
            done(Unavailable("the journal is full"))
        else:
            super().append(payloads, done)


def test_where_there_is_no_room_the_sender_waits():
    """Nothing is acknowledged, nothing is lost, and it is sent once."""
    with receiving(Full(3)) as receiver, connected(receiver.address) as connection:
        connection.sendall(msgpack.packb(CHUNK))
        assert answer(connection) == {"ack": "c1"}
        assert [record["body"] for record in receiver.records] == ["a", "b"]


def test_a_chunk_that_is_broken_does_not_come_for_ever():
    """It is refused, counted, and the sender goes on with the next."""
    with receiving() as receiver, connected(receiver.address) as connection:
        connection.sendall(msgpack.packb(["app", b"\xc1", {"chunk": "bad"}]) + msgpack.packb(CHUNK))
        unpacker, acks = msgpack.Unpacker(), set()
        while len(acks) < 2:
            unpacker.feed(connection.recv(4096))
            acks |= {found["ack"] for found in unpacker}
        assert acks == {"bad", "c1"}
        assert [record["body"] for record in receiver.records] == ["a", "b"]


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", msgpack.packb(["t", b"x" * 9000])]
)
def test_who_speaks_something_else_is_hung_up_on(data):
    """And nobody else notices."""
    with (
        receiving(max_message_size=4096) as receiver,
        connected(receiver.address) as other,
        connected(receiver.address) as connection,
    ):
        connection.sendall(data)
        with contextlib.suppress(ConnectionError):
            assert answer(connection) is None
        other.sendall(msgpack.packb(CHUNK))
        assert answer(other) == {"ack": "c1"}


def test_who_reads_no_acknowledgements_is_not_read_any_further(monkeypatch):
    """Eight messages are under way at most, whatever is sent; in the end the connection is closed."""
    taken = []

    async def stuck(connection, data):
        taken.append(data)
        await asyncio.sleep(SECS)

    monkeypatch.setattr(StreamConnection, "write", stuck)
    with receiving() as receiver, connected(receiver.address) as connection:
        connection.sendall(b"".join(msgpack.packb([*CHUNK[:2], {"chunk": str(n)}]) for n in range(100)))
        assert receiver.eventually(16)
        time.sleep(0.2)
        assert len(receiver.intake.payloads) == len(taken) == 8


def test_heartbeats_are_answered():
    """One byte for each datagram on the same port."""
    with receiving() as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        host, _, port = receiver.address.rpartition(":")
        sender.settimeout(SECS)
        sender.sendto(b"\0more", (host, int(port)))
        assert sender.recv(10) == b"\0"


def test_a_unix_socket(tmp_path):
    """As Docker's driver uses it; its name goes with the receiver."""
    path = tmp_path / "fluent.sock"
    with receiving(endpoint=f"unix://{path}") as receiver, connected(receiver.address) as connection:
        connection.sendall(msgpack.packb(CHUNK))
        assert answer(connection) == {"ack": "c1"}
    assert not path.exists()


def test_over_tls(tmp_path):
    authority = Authority(tmp_path)
    server = authority.issue("localhost")
    with receiving(tls={"cert_file": str(server.cert), "key_file": str(server.key)}) as receiver:
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        with context.wrap_socket(connected(receiver.address), server_hostname="localhost") as connection:
            connection.sendall(msgpack.packb(CHUNK))
            assert answer(connection) == {"ack": "c1"}


def test_a_silent_connection_is_closed_after_the_idle_timeout():
    with receiving(idle_timeout="200ms") as receiver, connected(receiver.address) as connection:
        assert answer(connection) is None


def test_an_address_in_use_is_said():
    with (
        receiving() as receiver,
        pytest.raises(ConfigError, match="cannot listen"),
        receiving(endpoint=receiver.address),
    ):
        pass


def test_the_python_client():
    """fluent-logger: events, and the handler of Python's logging."""
    with receiving() as receiver:
        host, _, port = receiver.address.rpartition(":")
        sender = FluentSender("app", host=host, port=int(port), nanosecond_precision=True)
        assert sender.emit_with_time("access", 1_700_000_000, {"message": "hello", "status": 200})
        handler = FluentHandler("py", host=host, port=int(port))
        log = logging.getLogger("fluent-test")
        log.addHandler(handler)
        log.warning("from logging")
        handler.close()
        sender.close()
        assert sorted(map(str, receiver.eventually(2))) == ["from logging", "hello"]
        found = {record["attributes"]["fluent.tag"]: record for record in receiver.records}
        assert found["app.access"]["attributes"]["status"] == 200
        assert found["app.access"]["time"] == 1_700_000_000 * 10**9
