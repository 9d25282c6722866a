"""The udp_log receiver over sockets: what is a record, what is dropped and how that is told."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from collector.errors import ConfigError, InvalidPayload, Unavailable
from collector.ingress import text_datagrams
from collector.receivers.udp_log import FACTORY
from collector.testing.intake import MemoryIntake
from counterparts.text_receiving import SECS, TextReceiving, text_receiving

LOCAL = {"listen_address": "127.0.0.1:0"}


def bodies(receiving: TextReceiving, count: int) -> list[str]:
    return [record["body"] for record in receiving.eventually(count)]


OPTIONS: dict[str, tuple[dict[str, Any], list[bytes], list[str]]] = {
    "a datagram": ({}, [b"a\nb\n\0", b" c ", b"", b" \0\n", b"d\x01\x1f"], ["a\nb", "c", "d"]),
    "lines": ({"multiline": {"line_end_pattern": "\n"}}, [b"a\nb", b"c"], ["a", "b", "c"]),
    "all of it": ({"multiline": {"line_end_pattern": "\n"}, "one_log_per_packet": True}, [b"a\nb"], ["a\nb"]),
    "white space": ({"preserve_leading_whitespaces": True}, [b" a "], [" a"]),
    "latin-1": ({"encoding": "latin-1"}, ["é".encode("latin-1")], ["é"]),
    "halves of a character": ({}, [b"a\xc3", b"\xa9b"], ["a\ufffd", "\ufffdb"]),
    "accepted and without effect": ({"async": {"readers": 4, "processors": 2, "max_queue_length": 9}}, [b"a"], ["a"]),
}


@pytest.mark.parametrize(("options", "sent", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_what_is_a_record(options: dict[str, Any], sent: list[bytes], expected: list[str]) -> None:
    """By the options of the Collector."""
    with text_receiving(FACTORY, {**LOCAL, **options}) as receiving:
        receiving.datagrams(*sent)
        assert bodies(receiving, len(expected)) == expected


def test_what_is_said_of_records() -> None:
    """Each of its own sender, though they came at once."""
    with text_receiving(FACTORY, {**LOCAL, "add_attributes": True}, MemoryIntake(delayed=True)) as receiving:
        host, _, port = receiving.address("udp").rpartition(":")
        senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
        for _ in range(2):
            for sender in senders:
                sender.connect((host, int(port)))
                sender.send(str(sender.getsockname()[1]).encode())
        ends = time.monotonic() + SECS
        while receiving.intake.records < 6 and time.monotonic() < ends:
            receiving.intake.release()
            time.sleep(0.005)
        receiving.intake.release()
        found = receiving.records()
        assert len(found) == 6
        assert all(record["net.peer.port"] == record["body"] for record in found)
        assert {record["net.transport"] for record in found} == {"IP.UDP"}
        for sender in senders:
            sender.close()


def test_equal_datagrams_are_all_kept() -> None:
    """They may be said twice."""
    with text_receiving(FACTORY, LOCAL) as receiving:
        for count in (1, 2, 3):
            receiving.datagrams(b"same")
            assert bodies(receiving, count) == ["same"] * count


def test_while_there_is_no_room_they_wait_and_then_are_dropped_by_name(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What fits into memory arrives; the rest is counted, told once, and no more."""
    monkeypatch.setattr(text_datagrams, "_WAITING_BYTES", 10_000)
    intake = MemoryIntake(Unavailable("the journal is full"))
    with text_receiving(FACTORY, LOCAL, intake) as receiving:
        sent, ends = 0, time.monotonic() + SECS
        while not receiving.receiver.gauges()["udp"]["datagrams_cut"] and time.monotonic() < ends:
            receiving.datagrams(*(b"%07d" % (sent + number) + b"x" * 93 for number in range(20)))
            sent += 20
            time.sleep(0.002)
        intake.answer = None
        while receiving.intake.records + receiving.receiver.gauges()["udp"]["datagrams_cut"] < sent:
            assert time.monotonic() < ends
            time.sleep(0.005)
        dropped = receiving.receiver.gauges()["udp"]["datagrams_cut"]
        assert 0 < dropped < sent
        numbers = [int(record["body"][:7]) for record in receiving.records()]
        assert len(numbers) == len(set(numbers)) == sent - dropped
        refused = receiving.admission.statistics().refused_records["Unavailable"]
        assert refused == dropped  # what waits and is taken then was never lost
    assert sum("datagrams are dropped" in record.getMessage() for record in caplog.records) == 1


def test_datagrams_with_nothing_in_them_take_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else those who send them fill the memory while the journal is full."""
    monkeypatch.setattr(text_datagrams, "_WAITING_BYTES", 100_000)
    with text_receiving(FACTORY, LOCAL, MemoryIntake(Unavailable("the journal is full"))) as receiving:
        receiving.datagrams(b"first")
        ends = time.monotonic() + SECS
        while not receiving.receiver.gauges()["udp"]["datagrams_cut"]:
            assert time.monotonic() < ends
            receiving.datagrams(*[b""] * 100)
        assert receiving.receiver.gauges()["udp"]["waiting_bytes"] <= 100_000


def test_what_waits_at_the_end_is_counted() -> None:
    """The journal was full to the last moment."""
    with text_receiving(FACTORY, LOCAL, MemoryIntake(Unavailable("the journal is full"))) as receiving:
        receiving.datagrams(*[b"x"] * 10)
    assert receiving.admission.statistics().refused_records["Unavailable"] == 10


def test_what_is_refused_for_good_is_counted() -> None:
    """And what comes behind it is taken."""
    intake = MemoryIntake(InvalidPayload("not today"))
    with text_receiving(FACTORY, LOCAL, intake) as receiving:
        receiving.datagrams(b"no")
        ends = time.monotonic() + SECS
        while not receiving.admission.statistics().refused_records.get("InvalidPayload"):
            assert time.monotonic() < ends
            time.sleep(0.005)
        intake.answer = None
        receiving.datagrams(b"yes")
        assert bodies(receiving, 1) == ["yes"]


def test_a_defect_costs_its_datagrams_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """They are counted, it is told, and what comes behind is taken."""
    intake = MemoryIntake(RuntimeError("a defect"))
    with text_receiving(FACTORY, LOCAL, intake) as receiving:
        receiving.datagrams(b"no")
        ends = time.monotonic() + SECS
        while not receiving.admission.statistics().refused_records.get("InvalidPayload"):
            assert time.monotonic() < ends
            time.sleep(0.005)
        intake.answer = None
        receiving.datagrams(b"yes")
        assert bodies(receiving, 1) == ["yes"]
    assert "failed unexpectedly" in caplog.text


def test_what_was_sent_before_the_end_is_read() -> None:
    """A receiver that stops takes what the kernel had."""
    intake = MemoryIntake()
    with text_receiving(FACTORY, LOCAL, intake) as receiving:
        receiving.datagrams(*[b"last"] * 200)
    assert intake.records == 200


def test_a_unix_socket(tmp_path: Path) -> None:
    """As `/dev/log` is one; its name goes with the receiver, and nobody else may have it."""
    path = tmp_path / "dev-log"
    options = {"listen_address": f"unix://{path}", "add_attributes": True}
    with text_receiving(FACTORY, options) as receiving:
        receiving.datagrams(b"local")
        (record,) = receiving.eventually(1)
        assert (record["body"], record["net.transport"]) == ("local", "Unix")
        with pytest.raises(ConfigError, match="cannot listen"), text_receiving(FACTORY, options):
            pass
        receiving.datagrams(b"still")
        assert bodies(receiving, 2) == ["local", "still"]
    assert not path.exists()


def test_an_address_that_is_taken() -> None:
    """Is said with the option's name."""
    with text_receiving(FACTORY, LOCAL) as first:
        options = {"listen_address": first.address("udp")}
        with pytest.raises(ConfigError, match="cannot listen"), text_receiving(FACTORY, options):
            pass
