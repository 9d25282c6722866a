"""`group_by`: a sender's value costs that sender's records at most, never the exporter, never a neighbour's file."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.batch import ATTRIBUTES, LogBatch, ValueKind
from collector.component import Context
from collector.delivery.reading import Reading, read
from collector.outcomes import Retry
from collector.testing.text_batch import text_batch
from exporters.file.config import FileConfig
from exporters.file.exporter import FileExporter
from exporters.file.output import Output
from exporters.file.paths import Paths

LONG = "x" * 300
UMLAUTS = "ü" * 200


def grouped(values: Sequence[str]) -> LogBatch:
    """A record for each value of `tenant`; its body is its number."""
    batch = text_batch([f"{n}" for n in range(len(values))])
    attributes = pl.DataFrame(
        [
            {"owner": n, "key": "tenant", "kind": int(ValueKind.STRING), "string": value}
            for n, value in enumerate(values)
        ],
        schema=dict(ATTRIBUTES),
    )
    return replace(
        batch,
        records=batch.records.with_columns(resource=pl.int_range(len(values), dtype=pl.UInt32)),
        resources=pl.concat([batch.resources] * len(values)),
        resource_attributes=attributes,
    )


def run(path: str, work: Callable[[FileExporter], Any], **group_by: Any) -> Any:
    """`work` with an exporter that groups by `tenant`."""

    async def main() -> Any:
        options = {"path": path, "group_by": {"enabled": True, "resource_attribute": "tenant", **group_by}}
        exporter = FileExporter(FileConfig.model_validate(options), Context("file", Path()))
        await exporter.start()
        try:
            return await work(exporter)
        finally:
            await exporter.shutdown()

    return asyncio.run(main())


def deliver(path: str, values: Sequence[str], times: int = 1, **group_by: Any) -> Reading:
    """What is said of a request's records after it was sent `times` times, as one that is repeated whole."""

    async def work(exporter: FileExporter) -> Reading:
        request = exporter.encode(grouped(values))
        for _ in range(times):
            answer = await exporter.send(request)
        return read(exporter.classify(answer), len(values))

    reading: Reading = run(path, work, **group_by)
    return reading


def lines(file: Path) -> int:
    return len(file.read_bytes().splitlines())


@pytest.mark.parametrize(
    "value",
    [
        LONG,
        f"{LONG}/{LONG}",
        UMLAUTS,
        "a/" * 3000 + "b",
        "good.json/x",
        "",
        ".",
        "..",
        "/",
        "\0",
        "a\nb",
        " ",
        "~",
        "%2F",
    ],
    ids=lambda value: value[:12].encode("unicode_escape").decode(),
)
def test_every_value_names_a_file_that_can_be(tmp_path: Path, value: str) -> None:
    """Long, deep, empty, hostile: delivered to a file inside the folder, and the neighbours to theirs, once."""
    reading = deliver(f"{tmp_path}/out/*.json", ["good", value, "good"], times=3)
    assert list(reading.delivered) == [0, 1, 2]
    assert lines(tmp_path / "out" / "good.json") == 1
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert sum(lines(file) for file in written) == 2
    assert all((tmp_path / "out") in file.parents for file in written)


@pytest.mark.parametrize("template", ["/logs/*.json", "/logs/*", "/logs/app-*.json", "/logs/*/app.json"])
@pytest.mark.parametrize("rotates", [False, True])
def test_names_stay_within_what_file_systems_take(template: str, rotates: bool) -> None:
    """No part over 255 bytes, with room for a backup's stamp; different values stay different."""
    paths = Paths(template, rotates=rotates, most=100)
    values = [LONG, LONG + "y", UMLAUTS, f"{LONG}/{LONG}", f"{LONG}y/{LONG}", "a/" * 40]
    made = [paths.of(value) for value in values]
    assert len(set(made)) == len(values)
    for path in made:
        assert path.startswith("/logs/")
        assert max(len(part.encode()) for part in path.split("/")) <= 255
        assert len(Path(path).name.encode()) <= (215 if rotates else 255)


def test_a_folder_never_takes_the_name_of_another_values_file(tmp_path: Path) -> None:
    """`good.json/x` first: `good` still has its file; the same where `*` names a folder."""
    for template in ("*.json", "*/app.json"):
        out = tmp_path / template.replace("*", "star").replace("/", "-")
        hostile = ["good.json/x", "good/app.json", "good/app.json/x"]
        assert len(deliver(f"{out}/{template}", hostile).delivered) == 3
        assert list(deliver(f"{out}/{template}", ["good"]).delivered) == [0]


def test_what_can_not_be_named_is_rejected_for_good_and_alone(tmp_path: Path) -> None:
    """Without an extension a value can be a folder to another: that record is a dead letter with its reason."""
    reading = deliver(f"{tmp_path}/out/*", ["a", "a/b", "c"], times=4)
    assert list(reading.delivered) == [0, 2]
    ((items, reason),) = reading.rejected
    assert list(items) == [1]
    assert "group_by" in reason
    assert not len(reading.retry)
    assert (lines(tmp_path / "out" / "a"), lines(tmp_path / "out" / "c")) == (1, 1)


@pytest.mark.parametrize(
    ("number", "waits"),
    [
        *((number, True) for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)),
        *((number, False) for number in (errno.EACCES, errno.EPERM)),
        *((number, True) for number in (errno.EMFILE, errno.ENFILE, errno.ENOMEM)),
        *((number, False) for number in (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL)),
    ],
    ids=lambda value: errno.errorcode[value] if type(value) is int else "",
)
def test_room_is_waited_for_and_names_and_rights_of_one_file_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, waits: bool
) -> None:
    """One file fails, the other is written once however often the request comes back."""
    write = Output.write

    def failing(self: Output, messages: bytes) -> str:
        if "bad" in self._path.name:
            raise OSError(number, "as the table says")
        return write(self, messages)

    monkeypatch.setattr(Output, "write", failing)
    reading = deliver(f"{tmp_path}/*.json", ["good", "bad"], times=5)
    assert list(reading.delivered) == [0]
    assert list(reading.retry) == ([1] if waits else [])
    assert len(reading.rejected) == (0 if waits else 1)
    assert lines(tmp_path / "good.json") == 1


def test_a_broken_folder_of_the_configuration_is_not_the_records_fault(tmp_path: Path) -> None:
    """A file where the folder should be: everything waits."""
    (tmp_path / "out").write_text("")
    reading = deliver(f"{tmp_path}/out/*.json", ["a", "b"])
    assert list(reading.retry) == [0, 1]


def test_no_rights_in_the_folder_of_all_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the destination; a file in it is one value's."""

    def refused(self: Output, messages: bytes) -> str:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Output, "write", refused)
    monkeypatch.setattr("os.access", lambda folder, mode: str(folder) != str(tmp_path))
    reading = deliver(f"{tmp_path}/*.json", ["a", "b"])
    assert list(reading.retry) == [0, 1]
    assert "no right to write in" in reading.retry_reason


def test_values_beyond_the_bound_share_a_file(tmp_path: Path) -> None:
    """A million values are not a million inodes."""
    reading = deliver(f"{tmp_path}/*.json", [f"v{n}" for n in range(50)], max_values=8, max_open_files=2)
    assert len(reading.delivered) == 50
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["OVERFLOW", *(f"v{n}" for n in range(8))]


def test_a_write_that_outlives_its_attempt_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt's time is up while the thread writes; the same request comes again."""
    held, write = threading.Event(), Output.write

    def slow(self: Output, messages: bytes) -> str:
        held.wait(30)
        return write(self, messages)

    monkeypatch.setattr(Output, "write", slow)

    async def work(exporter: FileExporter) -> None:
        request = exporter.encode(grouped(["a", "b"]))
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await exporter.send(request)
        assert isinstance(exporter.classify(TimeoutError())[0], Retry)
        held.set()
        assert len(read(exporter.classify(await exporter.send(request)), 2).delivered) == 2

    run(f"{tmp_path}/*.json", work)
    assert [lines(tmp_path / f"{name}.json") for name in "ab"] == [1, 1]
