"""What native code writes to a child's stderr: bounded, counted, explained; last words are never lost."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

import pytest

from collector.service import process as module
from collector.service.channel import Start
from collector.service.native_lines import MOST_WORDS, NativeLines
from collector.service.process import ChildProcess

ENCODING = b"E1129 12:00:00.123456   77 hpack_parser.cc:1048] Error parsing 'grpc-encoding' metadata: invalid value\n"
PARSER = b"E1129 12:00:00.123456   77 chttp2_transport.cc:99] bad frame\n"
MEANING = (
    "ingest 0: hpack_parser.cc:1048: a gRPC sender compresses in a way that is not supported, its requests are refused: "
    "set `compression: gzip` (or none) there"
)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_flood_is_a_line_a_minute_and_place(caplog: pytest.LogCaptureFixture) -> None:
    """And the next line says how many there were; all are counted."""
    now = [1000.0]
    lines = NativeLines("ingest 0", lambda: now[0])
    lines.feed(ENCODING * 5000 + PARSER * 10)
    now[0] += 61
    lines.feed(ENCODING)
    assert said(caplog) == [
        MEANING, "ingest 0: chttp2_transport.cc:99: bad frame", f"{MEANING} (4999 more of these since the last line)"
    ]  # fmt: skip
    assert lines.counts == {"unsupported_encoding": 5001, "other": 10}


def test_places_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """However many there are."""
    lines = NativeLines("ingest 0")
    lines.feed(b"".join(PARSER.replace(b":99]", b":%d]" % number) for number in range(1000)))
    assert len(said(caplog)) == 65


def test_lines_come_in_pieces(caplog: pytest.LogCaptureFixture) -> None:
    """As a pipe gives them."""
    lines = NativeLines("ingest 0")
    for byte in ENCODING:
        lines.feed(bytes([byte]))
    assert said(caplog) == [MEANING]


WORDS = {
    "Rust's abort": b"memory allocation of 922746880 bytes failed\n",
    "without an end of line": b"memory allocation of 922746880 bytes failed",
    "the C library's": b"double free or corruption (!prev)\n",
    "abseil's fatal line": b"F1129 12:00:00.123456   77 call.cc:1] Check failed: ok\n",
    "a panic": b"thread 'polars-0' panicked at crates/x.rs:1:1:\n",
}


@pytest.mark.parametrize("case", WORDS)
def test_last_words_behind_a_flood(case: str, caplog: pytest.LogCaptureFixture) -> None:
    """Of libraries' log lines, and of words."""
    lines = NativeLines("worker 0")
    lines.feed(PARSER * 1000 + b"chatter\n" * 1000 + WORDS[case])
    lines.end()
    assert said(caplog)[-1] == f"worker 0: {WORDS[case].decode().strip()}"
    assert len(said(caplog)) <= MOST_WORDS + 32


CHILD = """
import os, signal, sys
assert not os.get_blocking(2)
os.write(2, {flood!r} * 5000)
os.write(2, b"memory allocation of 5 bytes failed")
os.kill(os.getpid(), signal.SIGABRT)
"""


def test_the_supervisor_hears_a_child_that_aborts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A real process, that floods the pipe before it dies; it would never wait for the reader."""
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(flood=PARSER))
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(python))

    async def run() -> int:
        child = ChildProcess(Start("ingest", 0, None, tmp_path))  # type: ignore[arg-type]
        await child.spawn()
        code = await asyncio.wait_for(child.wait(), 60)
        assert child.native_lines.counts == {"other": 5000}
        return code

    before = len(list(Path("/proc/self/fd").iterdir()))
    with caplog.at_level(logging.WARNING):
        assert asyncio.run(run()) == -signal.SIGABRT
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert said(caplog) == [
        "ingest 0: chttp2_transport.cc:99: bad frame", "ingest 0: memory allocation of 5 bytes failed"
    ]  # fmt: skip
