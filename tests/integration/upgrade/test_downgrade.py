"""An older logboom on the data of a newer one refuses, says who wrote it and what to do, and changes nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import lmdb
import pytest

from collector.testing.service import Service

pytestmark = [pytest.mark.e2e]
LATER = "99.1.0"


def layout(data: Path) -> Path:
    path = data / "layout.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99, "logboom": LATER}))
    return data


def environment(path: Path) -> Path:
    with lmdb.open(str(path), max_dbs=40, lib_version=0) as opened:
        meta = opened.open_db(b"meta", create=False)
        with opened.begin(write=True) as txn:
            txn.put(b"format", b"99", db=meta)
            txn.put(b"logboom", LATER.encode(), db=meta)
    return path


NEWER: dict[str, Callable[[Path], Path]] = {
    "the layout": layout,
    "a journal": lambda data: environment(data / "journal" / "0"),
    "a partition": lambda data: environment(data / "partition" / "1"),
}


def contents(data: Path) -> dict[str, str]:
    kept = [path for path in data.rglob("*") if path.suffix in (".json", ".db") or path.name == "data.mdb"]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Service:
    with Service(tmp_path_factory.mktemp("service")) as service:
        assert service.terminate() == 0
    return service


@pytest.mark.parametrize("what", NEWER)
def test_a_newer_data_directory_is_refused_in_words(ended: Service, what: str, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", str(ended.data), str(copy)], check=True)
    place = NEWER[what](copy)
    before = contents(copy)
    command = [
        sys.executable,
        "-P",
        "-m",
        "collector.cli",
        "run",
        "--config",
        str(ended.config),
        "--data-dir",
        str(copy),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    said = done.stderr
    assert f"error: {place} was written by logboom {LATER} (format 99)" in said
    assert f"Install logboom {LATER} or a later one" in said
    assert "logboom restore" in said
    assert "Traceback" not in said
    assert contents(copy) == before


def test_a_newer_store_blocks_its_exporter_alone(ended: Service) -> None:
    with closing(sqlite3.connect(ended.data / "store.db")) as store:
        store.execute("INSERT INTO logboom_migrations VALUES (9999, '9999_later', 0)")
        store.commit()
    command = [
        sys.executable,
        "-P",
        "-m",
        "collector.cli",
        "run",
        "--config",
        str(ended.config),
        "--data-dir",
        str(ended.data),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "was written by a newer logboom (schema 9999" in done.stderr
    assert "install that version of logboom or a later one" in done.stderr
