"""The handle that all users of files in a process share."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import lmdb
import pytest

from collector.disk.handle import acquire

MIB = 1 << 20


def test_a_writer_with_more_room_waits_for_a_reader_that_looks_up_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lmdb.open(str(tmp_path), map_size=MIB).close()
    reader = acquire(tmp_path, 0)
    looking, seen = threading.Event(), threading.Event()
    opened = type(reader)._opened

    def slowly(handle: Any, *args: Any) -> Any:
        looking.set()
        assert seen.wait(30)
        return opened(handle, *args)

    monkeypatch.setattr(type(reader), "_opened", slowly)
    look = threading.Thread(target=reader.dbs, args=([b"table"],), kwargs={"create": True})
    look.start()
    assert looking.wait(30)
    threading.Timer(0.2, seen.set).start()
    writer = acquire(tmp_path, 2 * MIB)
    look.join(30)
    assert writer is reader
    assert writer.map_bytes == 2 * MIB
    assert writer.tables == 1
    writer.release()
    reader.release()
