"""The socket of slot 0: once each, answered when on disk, for our own user alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from collector.control import wire
from collector.control.record import ControlRecord
from collector.errors import Locked, Unavailable
from unit.control.conftest import Slot

RECORD = ControlRecord("logboom.service.x", "a.example", "text")


def exchange(root: Path, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers on one connection, in the order in which they come."""
    with wire.connect(root, 10.0) as client, client.makefile("rb") as answers:
        client.sendall(b"".join(wire.line(message) for message in messages))
        return [wire.parsed(answers.readline()) for _ in messages]


def told(record: ControlRecord) -> dict[str, Any]:
    return {"record": record.to_json()}


def test_a_record_is_on_disk_when_it_is_answered_and_there_once(slot: Slot) -> None:
    slot.start()
    assert exchange(slot.root, told(RECORD)) == [{"id": RECORD.id, "ok": True}]
    assert slot.entries() == 1
    assert exchange(slot.root, told(RECORD), told(RECORD)) == [{"id": RECORD.id, "ok": True}] * 2
    slot.stop()
    slot.start()
    assert exchange(slot.root, told(RECORD)) == [{"id": RECORD.id, "ok": True}]
    assert slot.entries() == 1


def test_two_that_say_the_same_are_two(slot: Slot) -> None:
    slot.start()
    other = ControlRecord(RECORD.name, RECORD.domain, RECORD.body, time_unix_nano=RECORD.time_unix_nano)
    answers = exchange(slot.root, told(RECORD), told(other), told(RECORD))
    assert {answer["id"] for answer in answers} == {RECORD.id, other.id}
    assert slot.entries() == 2


def test_what_is_no_record_is_refused_and_the_next_is_taken(slot: Slot) -> None:
    slot.start(admits=lambda record: "nobody takes that" if record.name.endswith(".y") else "")
    unwanted = ControlRecord("logboom.service.y", "a.example")
    wrong = {"record": {**RECORD.to_json(), "id": "z", "name": "x"}}
    first, second, third = exchange(slot.root, wrong, told(unwanted), told(RECORD))
    assert (first["id"], first["again"]) == ("z", False)
    assert second == {"id": unwanted.id, "refused": "nobody takes that", "again": False}
    assert third == {"id": RECORD.id, "ok": True}


def test_what_the_journal_refuses_is_sent_again(slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    slot.start()
    assert slot.journal is not None
    monkeypatch.setattr(slot.journal, "append", lambda _, done: done(Unavailable("the journal is full")))
    assert exchange(slot.root, told(RECORD)) == [{"id": RECORD.id, "refused": "the journal is full", "again": True}]
    monkeypatch.undo()
    assert exchange(slot.root, told(RECORD)) == [{"id": RECORD.id, "ok": True}]


def test_who_stops_takes_nothing_more(slot: Slot) -> None:
    server = slot.start()
    server.stop_intake()
    (answer,) = exchange(slot.root, told(RECORD))
    assert (answer["again"], slot.entries()) == (True, 0)


@pytest.mark.parametrize("line", [b"hello\n", b"[1]\n", b"\xff\n", b"{" * (wire.MOST_LINE_BYTES + 10)])
def test_who_speaks_another_language_is_cut_off_and_nobody_else(slot: Slot, line: bytes) -> None:
    slot.start()
    with wire.connect(slot.root, 10.0) as client:
        try:
            client.sendall(line)
            assert client.recv(100) == b""
        except ConnectionError:
            pass
    assert exchange(slot.root, told(RECORD)) == [{"id": RECORD.id, "ok": True}]


def test_only_our_own_user_may_speak(slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode of the socket keeps others out; should they come in, the kernel says who they are."""
    slot.start()
    assert stat.S_IMODE((slot.root / wire.SOCKET).stat().st_mode) == 0o600
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with wire.connect(slot.root, 10.0) as client:
        try:
            client.sendall(wire.line(told(RECORD)))
            assert client.recv(100) == b""
        except ConnectionError:
            pass
    assert slot.entries() == 0


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    slot = Slot(tmp_path / ("d" * 120) / "data")
    slot.root.parent.mkdir(exist_ok=True)
    slot.start()
    try:
        assert exchange(slot.root, told(RECORD)) == [{"id": RECORD.id, "ok": True}]
    finally:
        slot.stop()


def test_one_writes(slot: Slot) -> None:
    slot.start()
    with pytest.raises(Locked):
        slot.backend.open_control(on_fatal=print)


def test_a_successor_takes_the_socket_over(slot: Slot) -> None:
    """Whoever listened before left its name behind, or still has it."""
    slot.start()
    slot.stop()
    with pytest.raises(OSError, match="refused"):
        wire.connect(slot.root, 1.0)
    slot.start()
    assert exchange(slot.root, told(RECORD)) == [{"id": RECORD.id, "ok": True}]
