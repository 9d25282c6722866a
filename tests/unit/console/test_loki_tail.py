"""`/loki/api/v1/tail` over a real WebSocket: what was there, what comes, who may."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from collector.base32 import first_record_id
from collector.console.file_source import FileSource
from collector.console.loki.tailing import _early_secs
from collector.console.security import guard
from collector.console.tailing import tail as tailing
from collector.console.visitor import Role, Visitor
from collector.scope import Scope
from counterparts.console import served
from counterparts.store_writer import Writer

A, B = "a.example", "b.example"
_SECS = 60.0


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with contextlib.closing(Writer(tmp_path / "store.db")) as made:
        yield made


@pytest.fixture
def console(writer: Writer) -> Iterator[str]:
    with served(writer.path.parent, {"loki": True}) as url:
        yield url.replace("http", "ws")


def opened(console: str, query: str = "{}", headers: dict[str, str] | None = None, **given: Any) -> ClientConnection:
    asked = urlencode({"query": query, **given})
    return connect(f"{console}/loki/api/v1/tail?{asked}", additional_headers=headers or {}, open_timeout=_SECS)


def heard(tail: ClientConnection, count: int) -> list[str]:
    """So many lines, as they come."""
    found: list[str] = []
    while len(found) < count:
        said = json.loads(tail.recv(timeout=_SECS))
        found += [line for stream in said["streams"] for _, line, *_ in stream["values"]]
    return found


def test_what_was_there_comes_first_and_then_what_is_stored(writer: Writer, console: str) -> None:
    now = time.time_ns()
    for number in range(4):
        writer.put(f"old {number}", at=now - (10 - number) * 10**9)
    with opened(console, '{domain="a.example"} |= "old"', limit=2) as tail:
        assert heard(tail, 2) == ["old 2", "old 3"]
        writer.put("other", at=now)
        writer.put("another old one", at=5)
        assert heard(tail, 1) == ["another old one"]


def test_streams_have_their_labels_and_expressions_filter(writer: Writer, console: str) -> None:
    with opened(console, '{domain=~"a.*"} |~ "n[e]w"', {"X-Loki-Response-Encoding-Flags": "categorize-labels"}) as tail:
        assert json.loads(tail.recv(timeout=_SECS)) == {"streams": [], "encodingFlags": ["categorize-labels"]}
        (ident,) = writer.put("new")
        (stream,) = json.loads(tail.recv(timeout=_SECS))["streams"]
        assert stream["stream"]["domain"] == A
        assert stream["values"][0][2]["structuredMetadata"]["record_id"] == ident


def test_what_is_left_out_is_said(writer: Writer, console: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailing, "MOST_BEHIND", 100)
    monkeypatch.setattr(tailing, "KEPT", 1)
    monkeypatch.setattr(tailing, "_LOOK", 10)
    with opened(console) as tail:
        tail.recv(timeout=_SECS)
        writer.put(*map(str, range(150)))
        (left,) = json.loads(tail.recv(timeout=_SECS))["dropped_entries"]
        assert left["labels"] == {"left_out": "140"}
        assert heard(tail, 10) == [str(number) for number in range(140, 150)]


@pytest.mark.parametrize(
    ("query", "given", "headers", "status"),
    [
        ("{", {}, {}, 400),
        ("rate({}[1m])", {}, {}, 400),
        ("{}", {"limit": "0"}, {}, 400),
        ("{}", {"limit": "x"}, {}, 400),
        ("{}", {"delay_for": "6"}, {}, 400),
        ("{}", {"start": "never"}, {}, 400),
        ("{}", {}, {"Origin": "http://evil.example"}, 403),
    ],
)
def test_what_is_refused_is_refused_before_the_handshake(
    console: str, query: str, given: dict[str, str], headers: dict[str, str], status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(console, query, headers, **given)
    assert refused.value.response.status_code == status


def test_it_answers_to_no_stranger_s_name(console: str) -> None:
    port = int(console.rpartition(":")[2])
    with pytest.raises(InvalidStatus) as refused, socket.create_connection(("127.0.0.1", port)) as connected:
        connect(f"ws://evil.example:{port}/loki/api/v1/tail?query={{}}", sock=connected, open_timeout=_SECS)
    assert refused.value.response.status_code == 421


def test_it_is_off_where_loki_is_and_sockets_are_nothing(writer: Writer) -> None:
    with served(writer.path.parent) as url, pytest.raises(InvalidStatus) as refused:
        opened(url.replace("http", "ws"))
    assert refused.value.response.status_code == 404


def test_so_many_follow_at_once(console: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOCAL", Visitor("anna", Scope.of(A), Role.VIEWER))
    with contextlib.ExitStack() as all_:
        for _ in range(FileSource.most_tails // 2):
            all_.enter_context(opened(console)).recv(timeout=_SECS)
        with pytest.raises(InvalidStatus) as refused:
            opened(console)
        assert refused.value.response.status_code == 429


def test_records_of_others_are_not_told(writer: Writer, console: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOCAL", Visitor("anna", Scope.of(A), Role.VIEWER))
    writer.put("theirs", domain=B, at=time.time_ns())
    with opened(console) as tail:
        tail.recv(timeout=_SECS)
        writer.put("theirs", domain=B)
        writer.put("mine")
        assert heard(tail, 1) == ["mine"]


def test_a_record_waits_since_its_receipt_and_not_with_each_message() -> None:
    """So that many messages wait no longer than one."""
    received = [{"record_id": f"{first_record_id(at)}00000"} for at in (95_000, 98_000, 97_000)]
    assert _early_secs(received, 5, 100.0) == pytest.approx(3.0)
    assert _early_secs(received, 5, 103.0) == 0.0
    assert _early_secs(received, 0, 98.0) == 0.0
    assert _early_secs(received, 5, 10.0) == 5
    assert _early_secs([{"record_id": "foreign"}], 5, 100.0) == 0.0


def test_a_client_that_says_too_much_is_cut_off(console: str) -> None:
    with opened(console) as tail:
        tail.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            heard(tail, 1)
