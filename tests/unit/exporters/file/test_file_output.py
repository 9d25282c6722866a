"""The file exporter: what is in the files, what survives, and what is cut off."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path

import polars as pl
import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from collector.batch import ATTRIBUTES, ValueKind
from collector.component import Context
from collector.outcomes import Ok, Retry
from collector.testing.text_batch import text_batch
from exporters.file.config import FileConfig, Rotation
from exporters.file.exporter import FileExporter
from exporters.file.output import Output


def export(options, *batches, between=lambda: None):
    """Start, send each batch, shut down; gives the verdicts."""

    async def main():
        exporter = FileExporter(FileConfig.model_validate(options), Context("file", Path()))
        await exporter.start()
        verdicts = []
        for batch in batches:
            try:
                answer = await exporter.send(exporter.encode(batch))
            except OSError as error:
                answer = error
            verdicts += exporter.classify(answer)
            between()
        await exporter.shutdown()
        await exporter.shutdown()
        return verdicts

    return asyncio.run(main())


def json_bodies(line):
    return [
        r["body"]["stringValue"]
        for rl in json.loads(line)["resourceLogs"]
        for s in rl["scopeLogs"]
        for r in s["logRecords"]
    ]


def frames(data):
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        assert len(found[-1]) == size
        data = data[4 + size :]
    return found


def test_json_lines(tmp_path):
    """One OTLP JSON object a line, appended over restarts; only the owner may read."""
    path = tmp_path / "logs.json"
    assert export({"path": str(path)}, text_batch(["a", "line\nbreak"]), text_batch(["c"])) == [Ok(), Ok()]
    export({"path": str(path)}, text_batch(["d"]))
    lines = path.read_bytes().splitlines()
    assert [json_bodies(line) for line in lines] == [["a", "line\nbreak"], ["c"], ["d"]]
    assert path.stat().st_mode & 0o777 == 0o600


def test_protobuf_messages_follow_their_length(tmp_path):
    """4 bytes, big-endian, then the message."""
    path = tmp_path / "logs.pb"
    export({"path": str(path), "format": "proto"}, text_batch(["a"]), text_batch(["b", "c"]))
    messages = [logs_service_pb2.ExportLogsServiceRequest.FromString(frame) for frame in frames(path.read_bytes())]
    assert [len(m.resource_logs[0].scope_logs[0].log_records) for m in messages] == [1, 2]


@pytest.mark.parametrize("format_", ["json", "proto"])
def test_zstd_messages_follow_their_length(tmp_path, format_):
    """Each message is a zstd frame of its own."""
    path = tmp_path / "logs.zst"
    options = {"path": str(path), "format": format_, "compression": "zstd", "compression_params": {"level": 3}}
    export(options, text_batch(["a" * 5000]), text_batch(["b"]))
    first, second = (zstandard.decompress(frame) for frame in frames(path.read_bytes()))
    assert b"a" * 5000 in first
    assert b"b" in second
    assert len(path.read_bytes()) < 1000


@pytest.mark.parametrize(
    ("framed", "whole", "torn"),
    [
        (False, b'{"a":1}\n{"b":2}\n', b'{"c":'),
        (False, b"", b"x" * 200_000),
        (False, b"x" * 70_000 + b"\n", b"y" * 140_000),
        (True, b"\0\0\0\x02ab\0\0\0\0", b"\0\0\0\x05ab"),
        (True, b"\0\0\0\x02ab", b"\0\0"),
        (True, b"", b"\xff\xff\xff\xffx"),
    ],
)
def test_what_a_crash_cut_off_is_removed(tmp_path, framed, whole, torn):
    """At the next start the file ends with its last whole message."""
    path = tmp_path / "f"
    path.write_bytes(whole + torn)
    output = Output(path, framed, None)
    assert path.read_bytes() == whole
    output.write(b"next\n")
    output.close()
    assert path.read_bytes() == whole + b"next\n"


def test_a_full_disk_is_retried_and_leaves_no_half_message(tmp_path, monkeypatch):
    """ENOSPC in the middle of a message: the file is cut back, the request is repeated later."""
    path = tmp_path / "f.json"
    real = os.write
    room = [10]

    def write(file, data):
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(file, bytes(data[: room[0]]))
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", write)
    _, retry = export({"path": str(path)}, text_batch(["a"]))
    assert isinstance(retry, Retry)
    assert (retry.reason, list(retry.items)) == ("cannot write: No space left on device", [0])
    assert path.read_bytes() == b""
    room[0] = 1 << 30
    assert export({"path": str(path)}, text_batch(["a"])) == [Ok()]
    assert len(path.read_bytes().splitlines()) == 1


@pytest.mark.slow
def test_rotation_keeps_every_message_and_the_wanted_backups(tmp_path):
    """Files are set aside before they grow over the limit; the oldest beyond `max_backups` go."""
    path = tmp_path / "logs.json"
    body = "x" * 400_000
    batches = [text_batch([f"{n}{body}"]) for n in range(12)]
    export({"path": str(path), "rotation": {"max_megabytes": 1, "max_backups": 3}}, *batches)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    assert all(file.stat().st_size <= 1 << 20 for file in files)
    assert all(file.name.startswith("logs-20") and file.suffix == ".json" for file in files if file != path)
    kept = sorted(int(json_bodies(line)[0][:-400_000]) for file in files for line in file.read_bytes().splitlines())
    assert kept == list(range(12 - len(kept), 12))
    assert len(kept) >= 7


def test_old_backups_are_deleted(tmp_path):
    """`max_days` counts from the backup's last change; files of other names are left alone."""
    path = tmp_path / "logs.json"
    old, other = tmp_path / "logs-2020-01-01T00-00-00.000.json", tmp_path / "logs-archive.json"
    for file in (old, other):
        file.write_text("")
        os.utime(file, (0, 0))
    output = Output(path, False, Rotation(max_megabytes=1, max_days=7))
    output.write(b"a" * (1 << 20))
    output.write(b"b\n")
    output.close()
    assert not old.exists()
    assert other.exists()
    assert len(output.backups()) == 1


def test_while_a_hold_stands_no_backup_is_deleted(tmp_path):
    """Nobody can tell whose records are in one; what is due goes with the first rotation after it."""
    path = tmp_path / "logs.json"
    old = tmp_path / "logs-2020-01-01T00-00-00.000.json"
    old.write_text("")
    os.utime(old, (0, 0))
    standing = [True]
    output = Output(path, False, Rotation(max_megabytes=1, max_days=7), lambda: standing[0])
    output.write(b"a" * (1 << 20))
    output.write(b"b" * (1 << 20))
    assert old.exists()
    standing.clear()
    standing.append(False)
    output.write(b"c\n")
    output.close()
    assert not old.exists()


def grouped(values):
    batch = text_batch([f"{n}" for n in range(len(values))])
    named = [(n, value) for n, value in enumerate(values) if value is not None]
    attributes = pl.DataFrame(
        [
            {"owner": n, "key": "fileexporter.path_segment", "kind": int(ValueKind.STRING), "string": value}
            for n, value in named
        ],
        schema=dict(ATTRIBUTES),
    )
    resources = pl.concat([batch.resources] * len(values))
    records = batch.records.with_columns(resource=pl.int_range(len(values), dtype=pl.UInt32))
    from dataclasses import replace

    return replace(batch, records=records, resources=resources, resource_attributes=attributes)


def test_group_by_writes_one_file_for_each_value_inside_the_folder(tmp_path):
    """A sender's attribute chooses the file but never leaves the folder."""
    options = {"path": f"{tmp_path}/out/*.json", "group_by": {"enabled": True, "max_open_files": 1}}
    batch = grouped(["shop", "a/b", None, "../../etc/passwd", "shop", "/abs", ".."])
    assert export(options, batch, grouped(["shop"])) == [Ok(), Ok()]
    written = {
        str(file.relative_to(tmp_path / "out")): [
            b for line in file.read_bytes().splitlines() for b in json_bodies(line)
        ]
        for file in tmp_path.rglob("*.json")
    }
    assert written == {
        "shop.json": ["0", "4", "0"],
        "a/b.json": ["1"],
        "MISSING.json": ["2", "6"],
        "etc/passwd.json": ["3"],
        "abs.json": ["5"],
    }


def test_a_folder_that_is_missing(tmp_path):
    """An error at start, unless `create_directory` says otherwise."""
    path = tmp_path / "deep" / "er" / "f.json"
    with pytest.raises(FileNotFoundError):
        export({"path": str(path)})
    assert export({"path": str(path), "create_directory": True}, text_batch(["a"])) == [Ok()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "path must be non-empty"),
        ({"path": "f", "append": True, "compression": "zstd"}, "not supported"),
        ({"path": "f", "append": True, "rotation": {}}, "not supported"),
        ({"path": "f", "group_by": {"enabled": True}}, r"exactly one \*"),
        ({"path": "*", "group_by": {"enabled": True, "resource_attribute": ""}}, "non-empty"),
        ({"path": "f", "format": "csv"}, "format"),
        ({"path": "f", "encoding": "text_encoding"}, "encoding extensions"),
        ({"path": "f", "directory_permissions": "rwx"}, "octal"),
        ({"path": "f", "rotation": {"max_megabytes": 0}}, "max_megabytes"),
    ],
)
def test_what_is_refused_at_start(options, message):
    """Mistakes in the options."""
    with pytest.raises(ValueError, match=message):
        FileConfig.model_validate(options)
