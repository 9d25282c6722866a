"""Bad days of a syslog receiver: nothing crashes, all is tried again, and plain syslog loses no more than is documented.

A receiver of syslog never acknowledges. What was read is safe; what its kernel took and its process did not read goes
with the process. `confirm` decides how much of that counts as delivered.
"""

from __future__ import annotations

import asyncio
import datetime
import random
import time
from pathlib import Path

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.delivery.engine import Delivery
from collector.outcomes import Blocked, Outcome, Retry
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.service import free_ports
from counterparts.certificates import Authority
from counterparts.examples import rounds
from counterparts.syslog_servers import Receiver, Rsyslog, SyslogNg, installed
from exporters.syslog.config import SyslogConfig
from exporters.syslog.exporter import SyslogExporter

RECEIVE_BUFFER = 64 << 10
KERNEL_HOLDS = 2 * RECEIVE_BUFFER  # Linux doubles SO_RCVBUF
QUICK = {"retry_on_failure": {"initial_interval": "20ms", "max_interval": "100ms"}, "timeout": "5s"}
FILLER = "x" * 180


def options(port: int, **more) -> SyslogConfig:
    plain = {"tls": {"insecure": True}} if "tls" not in more else {}
    every = {"endpoint": "127.0.0.1", "port": port, "framing": "octet_counting", **QUICK, **plain, **more}
    return SyslogConfig.model_validate(every)


def batch(first: int, count: int) -> LogBatch:
    """Records numbered from `first` on: the number is the message id."""
    numbers = [str(number) for number in range(first, first + count)]
    columns = {"event_name": numbers, "body": [FILLER] * count, "domain": ["default"] * count, "record_id": numbers}
    return LogBatch.of(columns | {"time_unix_nano": pl.Series([1] * count, dtype=pl.UInt64)})


def numbers(messages: list[str]) -> list[int]:
    """The numbers of messages that arrived whole."""
    assert all(message.endswith(FILLER) for message in messages)
    return [int(message.split(" ")[5]) for message in messages]


class Stream:
    """Batches through real delivery to one receiver; `total` records so far."""

    def __init__(self, config: SyslogConfig) -> None:
        self.ledger = MemoryLedger(["syslog"])
        self.delivery = Delivery(
            {"syslog": (SyslogExporter(config, Context("syslog", Path())), config)}, {0: self.ledger}
        )
        self.total = 0

    def __enter__(self) -> Stream:
        self.delivery.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.delivery.shutdown(5)
        assert self.ledger.adds_up("syslog")

    def put(self, count: int = 100) -> None:
        self.ledger.put(batch(self.total, count))
        self.total += count
        self.delivery.notify()

    def settled(self) -> None:
        """Until delivery holds everything for delivered."""
        deadline = time.monotonic() + 60
        while self.ledger.queued("syslog"):
            assert time.monotonic() < deadline, self.delivery.statistics()
            time.sleep(0.01)
        assert self.ledger.outcomes("syslog") == {Outcome.ENQUEUED: self.total, Outcome.EXPORTED: self.total}

    def reason(self, state: str) -> str:
        """Until the exporter is in that state; why."""
        deadline = time.monotonic() + 60
        while (found := self.delivery.statistics()["syslog"]).state != state:
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        return found.reason


async def deliver_until_stuck(exporter: SyslogExporter, first: int) -> tuple[int, int]:
    """One request after the other until one does not end: records that counted as delivered, and their bytes."""
    delivered = size = 0
    while True:
        request = exporter.encode(batch(first + delivered, 50))
        try:
            async with asyncio.timeout(0.5):
                await exporter.send(request)
        except TimeoutError:
            return delivered, size
        delivered += 50
        size += len(request.body)


@pytest.mark.parametrize(
    ("confirm", "at_least", "at_most"),
    [("written", KERNEL_HOLDS + 1, 64 << 20), ("received", 1, KERNEL_HOLDS), ("closed", 0, 0)],
)
def test_the_window(tmp_path, confirm, at_least, at_most):
    """A receiver that stops reading and dies takes with it: both kernels' buffers, its own kernel's, nothing."""

    async def scene() -> tuple[int, int]:
        exporter = SyslogExporter(options(receiver.port, confirm=confirm), Context("syslog", tmp_path))
        await exporter.start()
        await exporter.send(exporter.encode(batch(0, 50)))
        receiver.await_stored(50)
        receiver.freeze()
        found = await deliver_until_stuck(exporter, 50)
        receiver.kill()
        await exporter.shutdown()
        return found

    with Receiver(tmp_path, receive_buffer=RECEIVE_BUFFER) as receiver:
        delivered, lost_bytes = asyncio.run(scene())
        assert numbers(receiver.stored()) == list(range(50))
    assert at_least <= lost_bytes <= at_most
    assert (delivered == 0) == (confirm == "closed")


@pytest.mark.parametrize("confirm", ["written", "received", "closed"])
def test_restarts_between_drained_requests(tmp_path, confirm):
    """A receiver that has read everything when it dies loses nothing: its death is seen before the next request."""
    with Receiver(tmp_path) as receiver, Stream(options(receiver.port, confirm=confirm)) as stream:
        for _ in range(rounds(5, 2)):
            stream.put()
            stream.settled()
            receiver.await_stored(stream.total)
            receiver.kill()
            receiver.start()
        stream.put()
        stream.settled()
        assert numbers(receiver.await_stored(stream.total)) == list(range(stream.total))


@pytest.mark.parametrize("server_type", [Rsyslog, SyslogNg])
@pytest.mark.parametrize("tls", [False, True])
def test_restarts_of_real_servers(tmp_path, server_type, tls):
    """The same with rsyslog and syslog-ng: each message once, in order."""
    installed()
    with server_type(tmp_path, Authority(tmp_path)) as server:
        more = {"tls": {"ca_file": str(server.authority.ca_file)}} if tls else {}
        with Stream(options(server.port("tls" if tls else "tcp"), **more)) as stream:
            for _ in range(rounds(3, 2)):
                stream.put()
                stream.settled()
                server.await_messages(stream.total)
                server.kill()
                server.start()
            stream.put()
            stream.settled()
            found = server.await_messages(stream.total)
    assert [int(message.msgid) for message in found] == list(range(stream.total))


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_in_the_middle_of_a_stream(tmp_path, seed):
    """Delivery comes back after each kill; what is missing at the end is no more than the dead kernels held."""
    draw, kills = random.Random(seed), rounds(6, 3)
    with Receiver(tmp_path, receive_buffer=RECEIVE_BUFFER) as receiver:
        config = options(receiver.port, sending_queue={"num_consumers": 1})
        with Stream(config) as stream:
            for _ in range(kills):
                for _ in range(20):
                    stream.put()
                    time.sleep(draw.uniform(0, 0.004))
                receiver.kill()
                stream.put()
                receiver.start()
            stream.put()
            stream.settled()
            last = stream.total - 1
            deadline = time.monotonic() + 60
            while last not in numbers(receiver.stored()):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            missing = set(range(stream.total)) - set(numbers(receiver.stored()))
    assert len(missing) * len(FILLER) <= kills * KERNEL_HOLDS


def test_nobody_listens(tmp_path):
    """Refused connections are tried again, with a reason; then each message arrives once."""
    receiver = Receiver(tmp_path)
    with Stream(options(receiver.port)) as stream:
        stream.put(1000)
        assert "refused" in stream.reason("retrying")
        with receiver:
            stream.settled()
            assert numbers(receiver.await_stored(1000)) == list(range(1000))


def test_a_receiver_that_stalls(tmp_path):
    """A request that is not taken in time is repeated as a whole, so that messages may come twice but none is lost."""
    with Receiver(tmp_path, receive_buffer=RECEIVE_BUFFER) as receiver:
        with Stream(options(receiver.port, timeout="300ms", sending_queue={"num_consumers": 1})) as stream:
            receiver.freeze()
            stream.put(20_000)
            assert "within the timeout" in stream.reason("retrying")
            receiver.thaw()
            stream.settled()
        assert set(numbers(receiver.await_stored(20_000))) == set(range(20_000))


def test_connections_that_break_after_some_bytes(tmp_path):
    """Half a request is not a request: all of it is sent again on a new connection."""
    with Receiver(tmp_path, receive_buffer=RECEIVE_BUFFER, hang_up_after=(5, 300_000)) as receiver:
        with Stream(options(receiver.port, sending_queue={"num_consumers": 1})) as stream:
            stream.put(20_000)
            stream.settled()
        found = numbers(receiver.await_stored(20_000))
    assert set(found) == set(range(20_000))
    assert len(found) > 20_000, "nothing broke"


EXPIRED = datetime.timedelta(minutes=-1)


def test_the_servers_certificate_expires(tmp_path):
    """Blocked with a reason that says so, nothing lost; renewed, each message arrives once."""
    authority = Authority(tmp_path)
    good = authority.issue("server")
    with Receiver(tmp_path, certificate=good) as receiver:
        with Stream(options(receiver.port, tls={"ca_file": str(authority.ca_file)})) as stream:
            stream.put()
            stream.settled()
            receiver.await_stored(100)
            receiver.kill()
            receiver.certificate = authority.issue("expired", EXPIRED)
            receiver.start()
            stream.put()
            assert "certificate has expired" in stream.reason("blocked")
            receiver.kill()
            receiver.certificate = good
            receiver.start()
            stream.settled()
        assert numbers(receiver.await_stored(200)) == list(range(200))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_our_certificate_expires(tmp_path, version):
    """The same for a client certificate, which is read again once it was renewed."""
    authority = Authority(tmp_path)
    client = authority.issue("client", EXPIRED)
    tls = {"ca_file": str(authority.ca_file), "cert_file": str(client.cert), "key_file": str(client.key),
           "max_version": version, "reload_interval": "50ms"}  # fmt: skip
    server = authority.issue("server")
    with Receiver(tmp_path, certificate=server, client_ca=authority.ca_file) as receiver:
        with Stream(options(receiver.port, tls=tls)) as stream:
            stream.put()
            assert "our certificate expired on" in stream.reason("blocked")
            authority.issue("client")
            stream.settled()
        assert numbers(receiver.await_stored(100)) == list(range(100))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("confirm", ["received", "closed"])
def test_a_client_that_the_server_does_not_know(tmp_path, confirm, version):
    """Nothing counts as delivered to a server that turns us away, also when it does so after our side of the handshake."""
    authority = Authority(tmp_path)
    tls = {"ca_file": str(authority.ca_file), "max_version": version}

    async def scene():
        exporter = SyslogExporter(options(receiver.port, tls=tls, confirm=confirm), Context("syslog", tmp_path))
        await exporter.start()
        try:
            return exporter.classify(await exporter.send(exporter.encode(batch(0, 50))))
        except OSError as error:
            return exporter.classify(error)
        finally:
            await exporter.shutdown()

    with Receiver(tmp_path, certificate=authority.issue("server"), client_ca=authority.ca_file) as receiver:
        [verdict] = asyncio.run(scene())
        assert receiver.stored() == []
    assert isinstance(verdict, Blocked | Retry)


def test_datagrams_to_nobody(tmp_path):
    """A closed port is noticed on the same machine, and tried again."""
    [port] = free_ports(1)

    async def scene():
        exporter = SyslogExporter(options(port, network="udp", framing="auto"), Context("syslog", tmp_path))
        try:
            await exporter.send(exporter.encode(batch(0, 3)))
        except OSError as error:
            return exporter.classify(error)
        finally:
            await exporter.shutdown()

    [verdict] = asyncio.run(scene())
    assert isinstance(verdict, Retry)
    assert "nobody listens" in verdict.reason
