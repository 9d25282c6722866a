"""What can be wrong at the start: each is a sentence, exit code 1, no traceback, and nobody is left behind."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from collector.testing.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

Spoil = Callable[[Service], None]


def layout_is_garbage(service: Service) -> None:
    service.data.mkdir()
    (service.data / "layout.json").write_text("{")


def layout_is_of_another_format(service: Service) -> None:
    service.data.mkdir()
    (service.data / "layout.json").write_text(json.dumps({"format": 99, "partitions": 2}))


def other_partitions(service: Service) -> None:
    service.data.mkdir()
    (service.data / "layout.json").write_text(json.dumps({"format": 1, "partitions": 16}))


def data_dir_is_a_file(service: Service) -> None:
    service.data.write_text("not a directory")


def journal_is_a_file(service: Service) -> None:
    service.data.mkdir()
    (service.data / "journal").write_text("not a directory")


def journal_is_not_lmdb(service: Service) -> None:
    (service.data / "journal" / "0").mkdir(parents=True)
    (service.data / "journal" / "0" / "data.mdb").write_bytes(b"garbage" * 4000)


def store_is_of_a_later_version(service: Service) -> None:
    service.data.mkdir()
    with closing(sqlite3.connect(service.data / "store.db")) as connection:
        connection.execute("CREATE TABLE logboom_migrations (version INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO logboom_migrations VALUES (9999)")
        connection.execute("INSERT INTO schema_migrations VALUES (9999)")
        connection.execute("CREATE TABLE logs (something_else TEXT)")
        connection.commit()


def certificate_is_missing(service: Service) -> None:
    text = service.config.read_text()
    tls = "tls: {cert_file: /nowhere/cert.pem, key_file: /nowhere/key.pem}"
    service.config.write_text(text.replace(f'"127.0.0.1:{service.http}"', f'"127.0.0.1:{service.http}", {tls}'))


CASES: dict[str, tuple[Spoil, str]] = {
    "layout.json is garbage": (layout_is_garbage, "layout.json is damaged"),
    "a later format": (layout_is_of_another_format, "was written by a later version of logboom (format 99)"),
    "another number of partitions": (other_partitions, "set service.ledger.partitions to 16"),
    "the data directory is a file": (data_dir_is_a_file, "can't be used: File exists"),
    "the journals' place is a file": (journal_is_a_file, "can't be used: File exists"),
    "a journal is not LMDB": (journal_is_not_lmdb, "can't be opened"),
    "the store is of a later version": (store_is_of_a_later_version, "store.db"),
    "a certificate is missing": (certificate_is_missing, "/nowhere/cert.pem"),
}


@pytest.mark.parametrize("mode", [(), ("--in-process",)], ids=["processes", "in process"])
@pytest.mark.parametrize("name", CASES)
def test_a_start_that_fails(tmp_path: Path, name: str, mode: tuple[str, ...]) -> None:
    """The log holds one `error:` that names the culprit."""
    spoil, words = CASES[name]
    service = Service(tmp_path)
    spoil(service)
    service.start(*mode)
    assert service.process is not None
    try:
        code = service.process.wait(60)
        text = service.log.read_text()
        assert code == 1, text
        assert words in text
        assert "error" in text
        assert "Traceback" not in text
        left = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]
        assert left == []
    finally:
        service.kill()
        shutil.rmtree(service.data, ignore_errors=True)


def test_too_few_descriptors(tmp_path: Path) -> None:
    """`ulimit -n 32`: a sentence that says how to raise the limit."""
    service = Service(tmp_path)
    command = [sys.executable, "-P", "-m", "collector.cli", "run", "--config", str(service.config),
               "--data-dir", str(service.data)]  # fmt: skip
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -n 32; exec "$@"', "sh", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "may open 32 files here and logboom needs 64 at least" in done.stderr
    assert "Traceback" not in done.stderr
