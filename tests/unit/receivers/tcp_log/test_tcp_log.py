"""The tcp_log receiver over sockets: what is a record, what waits, who is cut off."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from collector.errors import ConfigError, InvalidPayload, Unavailable
from collector.ingress import text_streams
from collector.receivers.tcp_log import FACTORY
from collector.testing.intake import MemoryIntake
from counterparts.certificates import Authority
from counterparts.text_receiving import SECS, TextReceiving, text_receiving

LOCAL = {"listen_address": "127.0.0.1:0"}


def bodies(receiving: TextReceiving, count: int) -> list[str]:
    return [record["body"] for record in receiving.eventually(count)]


OPTIONS: dict[str, tuple[dict[str, Any], bytes, list[str]]] = {
    "lines": ({}, b"a\r\n\n  b \nhalf", ["a", "b", "half"]),
    "white space": ({"preserve_leading_whitespaces": True}, b"  a \n", ["  a"]),
    "starts": ({"multiline": {"line_start_pattern": "^\\d"}}, b"1 a\n b\n2 c\n", ["1 a\n b", "2 c"]),
    "ends": ({"multiline": {"line_end_pattern": ";"}}, b"a\nb;c;", ["a\nb;", "c;"]),
    "all of it": ({"one_log_per_packet": True}, b"a\nb\n", ["a\nb"]),
    "latin-1": ({"encoding": "latin-1"}, "é\nü".encode("latin-1"), ["é", "ü"]),
    "utf-16": ({"encoding": "utf-16le"}, "é\nü\n".encode("utf-16-le"), ["é", "ü"]),
    "no UTF-8": ({}, b"\xff\xfe\x00\n", ["\ufffd\ufffd\x00"]),
}


@pytest.mark.parametrize(("options", "sent", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_what_is_a_record(options: dict[str, Any], sent: bytes, expected: list[str]) -> None:
    """By the options of the Collector."""
    with text_receiving(FACTORY, {**LOCAL, **options}) as receiving:
        with receiving.connected() as connection:
            connection.sendall(sent)
        assert bodies(receiving, len(expected)) == expected


def test_a_line_that_is_too_long_is_several() -> None:
    """Nothing of it is lost, and the connection goes on."""
    with text_receiving(FACTORY, {**LOCAL, "max_log_size": "64KiB"}) as receiving:
        with receiving.connected() as connection:
            connection.sendall(b"x" * 200_000 + b"\nnext\n")
        found = bodies(receiving, 5)
        assert [len(body) for body in found] == [65536, 65536, 65536, 200_000 - 3 * 65536, 4]


def test_what_is_said_of_records() -> None:
    """Attributes, resource, and both ends of the connection; operators see them."""
    operators = [{"type": "regex_parser", "regex": r"^(?P<word>\w+)"}]
    options = {
        **LOCAL,
        "add_attributes": True,
        "attributes": {"a": "b"},
        "resource": {"r": "s"},
        "operators": operators,
    }
    with text_receiving(FACTORY, options) as receiving:
        with receiving.connected() as connection:
            connection.sendall(b"hello there\n")
            port = connection.getsockname()[1]
        (record,) = receiving.eventually(1)
        assert record["word"] == "hello"
        assert record["a"] == "b"
        assert record["net.transport"] == "IP.TCP"
        assert (record["net.peer.ip"], record["net.peer.port"]) == ("127.0.0.1", str(port))
        assert f"{record['net.host.ip']}:{record['net.host.port']}" == receiving.address()
        assert record["net.peer.name"]
        assert receiving.batch().resource_attributes.get_column("string").to_list() == ["s"]


def test_equal_lines_are_all_kept() -> None:
    """No two reads have one digest, in whatever connection."""
    with text_receiving(FACTORY, LOCAL) as receiving:
        for count in (1, 2, 3):
            with receiving.connected() as connection:
                connection.sendall(b"same\n")
            assert bodies(receiving, count) == ["same"] * count


class Full(MemoryIntake):
    """No room until it is told so."""

    def __init__(self) -> None:
        super().__init__(Unavailable("the journal is full"))
        self.refused = 0

    def append(self, payloads: Any, done: Any) -> None:
        self.refused += self.answer is not None
        super().append(payloads, done)


def test_while_there_is_no_room_nothing_more_is_read() -> None:
    """The sender's own TCP stops it; what it sent arrives, in its order, when there is room."""
    intake = Full()
    with text_receiving(FACTORY, LOCAL, intake) as receiving, receiving.connected() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        connection.setblocking(False)
        sent, ends, stuck_since = 0, time.monotonic() + SECS, time.monotonic()
        line = b"%07d " + b"x" * 200 + b"\n"
        text = b"".join(line % number for number in range(150_000))
        while (time.monotonic() - stuck_since < 1.0 or not intake.refused) and sent < len(text):
            assert time.monotonic() < ends
            try:
                sent += connection.send(text[sent : sent + 65536])
                stuck_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < len(text)
        assert not intake.payloads
        intake.answer = None
        connection.setblocking(True)
        connection.sendall(text[sent : sent + 1000])
        whole = text[: sent + 1000].count(b"\n")
        found = bodies(receiving, whole)
        assert [int(body[:7]) for body in found[:whole]] == list(range(whole))


def test_what_is_refused_for_good_is_counted_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """The connection goes on."""
    intake = MemoryIntake(InvalidPayload("not today"))
    with text_receiving(FACTORY, LOCAL, intake) as receiving, receiving.connected() as connection:
        for number in range(3):
            connection.sendall(b"no\n")
            ends = time.monotonic() + SECS
            while receiving.admission.statistics().refused_requests.get("InvalidPayload", 0) <= number:
                assert time.monotonic() < ends
                time.sleep(0.005)
        intake.answer = None
        connection.sendall(b"yes\n")
        assert bodies(receiving, 1) == ["yes"]
        assert receiving.admission.statistics().refused_records == {"InvalidPayload": 3}
    assert sum("not today" in record.getMessage() for record in caplog.records) == 1


def test_a_sender_of_single_bytes_keeps_nobody_waiting() -> None:
    """Its line comes when it is whole."""
    with text_receiving(FACTORY, LOCAL) as receiving, receiving.connected() as slow, receiving.connected() as other:
        slow.sendall(b"s")
        other.sendall(b"other\n")
        assert bodies(receiving, 1) == ["other"]
        slow.sendall(b"l")
        slow.sendall(b"ow\n")
        assert bodies(receiving, 2) == ["other", "slow"]


def test_silence_may_end_a_connection() -> None:
    """What came without an end is a record then."""
    with text_receiving(FACTORY, {**LOCAL, "idle_timeout": "1s"}) as receiving, receiving.connected() as connection:
        connection.sendall(b"half")
        assert connection.recv(1) == b""
        assert bodies(receiving, 1) == ["half"]


def test_what_was_sent_before_the_end_is_read() -> None:
    """A receiver that stops has what had reached it; without an answer the sender can't know more."""
    intake = MemoryIntake()
    with text_receiving(FACTORY, LOCAL, intake) as receiving:
        connection = receiving.connected()
        connection.sendall(b"first\n")
        receiving.eventually(1)
        connection.sendall(b"last\n" * 1000)
    connection.close()
    assert intake.records == 1001


class Sending:
    """Never pauses, on a thread; `heeds`: looks whether the other side has ended before each line, as rsyslog and syslog-ng do."""

    def __init__(self, connection: socket.socket, *, heeds: bool) -> None:
        self.lines = 0
        self._connection, self._heeds = connection, heeds
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError), self._connection as connection:
            while not (self._heeds and self._ended()):
                connection.sendall(b"%d\n" % self.lines)
                self.lines += 1
                time.sleep(0.001)

    def _ended(self) -> bool:
        poll = select.poll()  # `select` takes no descriptor beyond 1,023
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0)) and not self._connection.recv(1)

    def over(self) -> bool:
        self._thread.join(SECS)
        return not self._thread.is_alive()


def test_who_never_pauses_loses_nothing_when_the_receiver_leaves() -> None:
    """It is told by the end of what it would hear; admission takes what it sent by then."""
    intake = MemoryIntake()
    with text_receiving(FACTORY, LOCAL, intake) as receiving:
        sending = Sending(receiving.connected(), heeds=True)
        receiving.await_sent(50)
        receiving.receiver.leave(SECS)  # type: ignore[attr-defined]  # it hands over
        receiving.admission.stop()
        assert sending.over()
        assert [int(each["body"]) for each in receiving.records()] == list(range(sending.lines))


def test_who_heeds_nothing_is_cut_off_before_admission_refuses() -> None:
    """Else all that it sends until the process ends would be read, and lost."""
    intake = MemoryIntake()
    with text_receiving(FACTORY, LOCAL, intake) as receiving:
        sending = Sending(receiving.connected(), heeds=False)
        receiving.await_sent(50)
        receiving.receiver.leave(0.2)  # type: ignore[attr-defined]  # it hands over
        ends = time.monotonic() + SECS
        while receiving.receiver.gauges()["tcp"]["connections"]:
            assert time.monotonic() < ends
            time.sleep(0.01)
        assert sending.over()
        numbers = [int(each["body"]) for each in receiving.records()]
        assert numbers[:-1] == list(range(len(numbers) - 1))  # the last line may be half of one


def test_a_unix_socket(tmp_path: Path) -> None:
    """Its name goes with the receiver."""
    path = tmp_path / "log.sock"
    with text_receiving(FACTORY, {"listen_address": f"unix://{path}", "add_attributes": True}) as receiving:
        with receiving.connected() as connection:
            connection.sendall(b"local\n")
        (record,) = receiving.eventually(1)
        assert (record["body"], record["net.transport"]) == ("local", "Unix")
    assert not path.exists()


def test_tls_with_client_certificates(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Who has none is turned away, and so is garbage, without a line in the log for each."""
    authority = Authority(tmp_path)
    server, client = authority.issue("localhost"), authority.issue("client")
    tls = {"cert_file": str(server.cert), "key_file": str(server.key), "client_ca_file": str(authority.ca_file)}
    with text_receiving(FACTORY, {**LOCAL, "tls": tls}) as receiving:
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        for _ in range(3):
            with receiving.connected() as garbage:
                garbage.sendall(b"no TLS at all\n" * 100)
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(receiving.connected(), server_hostname="localhost") as stranger,
            ):
                stranger.sendall(b"stranger\n")
                stranger.recv(1)
        context.load_cert_chain(client.cert, client.key)
        with context.wrap_socket(receiving.connected(), server_hostname="localhost") as known:
            known.sendall(b"known\n")
            assert bodies(receiving, 1) == ["known"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(caplog.records) <= 2


def test_an_address_that_is_taken() -> None:
    """Is said with the option's name."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match="cannot listen"), text_receiving(FACTORY, {"listen_address": address}):
            pass


@pytest.mark.parametrize(
    "options",
    [
        {}, {"listen_address": "here"}, {"listen_address": ":1", "encoding": "klingon"}, {"listen_address": ":1", "max_log_size": 100},
        {"listen_address": ":1", "multiline": {"line_start_pattern": "("}}, {"listen_address": ":1", "operators": [{"type": "tcp_input"}]},
        {"listen_address": ":1", "async": {}},
    ],
)  # fmt: skip
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    """They are refused."""
    with pytest.raises(ValueError):
        FACTORY.config.model_validate(options)


def test_who_may_reach_it() -> None:
    """A loopback address, a socket, or who shows a certificate needs no word."""
    open_to = lambda **given: FACTORY.config.model_validate(given).open_to_others()  # noqa: E731
    assert open_to(listen_address="127.0.0.1:1") == open_to(listen_address="unix:///x") == {}
    assert open_to(listen_address="0.0.0.0:1") == {"listen_address": "0.0.0.0:1"}
    assert open_to(listen_address=":1", tls={"cert_file": "c", "key_file": "k", "client_ca_file": "a"}) == {}


def test_who_never_ends_a_line_takes_nothing_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for its end is bounded over all connections: those of the peer that holds the most are cut off."""
    monkeypatch.setattr(text_streams, "_UNFINISHED_BYTES", 100_000)
    with text_receiving(FACTORY, LOCAL) as receiving, contextlib.ExitStack() as stack:
        host, _, port = receiving.address().rpartition(":")
        honest = stack.enter_context(socket.create_connection((host, int(port)), SECS, ("127.0.0.2", 0)))
        honest.sendall(b"half")
        for hoarder in [stack.enter_context(receiving.connected()) for _ in range(4)]:
            with contextlib.suppress(OSError):
                hoarder.sendall(b"x" * 60_000)
        ends = time.monotonic() + SECS
        while receiving.receiver.gauges()["tcp"]["unfinished_cut"] < 1:
            assert time.monotonic() < ends
            time.sleep(0.005)
        honest.sendall(b" of it\n")
        while "half of it" not in [record["body"] for record in receiving.records()]:
            assert time.monotonic() < ends
            time.sleep(0.01)
