"""What there is of a person as a file: each record once, and told what is in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import orjson
import pytest

from collector.component import Erasure, Subject
from collector.privacy.handed_out import HandedOut, request_of
from collector.samples import batch_of, batch_of_json
from collector.store.rows import Limits, rows

HERS = Erasure("e", "default", Subject(("user.id",), "42"), (1 << 62) - 1)
SAMPLES = [
    {"body": "a", "attributes": {"user.id": "42", "n": 1, "list": [1, {"x": True}]}, "severity": "ERROR", "resource": {"service.name": "shop"}},
    {"body": {"user": {"id": 42}}, "scope": "lib"}, {"body": "c", "attributes": {"user.id": "43"}},
]  # fmt: skip


def test_each_record_is_written_once_wherever_it_is_found(tmp_path: Path) -> None:
    batch = batch_of(SAMPLES)
    path = tmp_path / "hers.ndjson"
    with HandedOut(path, HERS) as out:
        out.add_batch("outbox", batch)
        out.add_batch("dead letters", batch)
        out.add_rows("exporter/sqlite", rows(batch, Limits()).iter_rows(named=True))
        told = out.manifest({"who": "ann"})

    lines = path.read_bytes()
    assert dict(out.places) == {"outbox": 2, "exporter/sqlite": 1}  # rows are believed: whoever gave them has looked
    assert told["records"] == 3
    assert (told["who"], told["sha256"]) == ("ann", hashlib.sha256(lines).hexdigest())
    assert int(str(told["first_unix_nano"])) <= int(str(told["last_unix_nano"]))
    assert path.stat().st_mode & 0o777 == 0o600
    assert all("resourceLogs" in json.loads(line) for line in lines.splitlines())


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hers").write_text("x")
    with pytest.raises(FileExistsError):
        HandedOut(tmp_path / "hers", HERS)
    assert (tmp_path / "hers").read_text() == "x"


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_a_row_is_the_record_that_it_was_made_of(number: int) -> None:
    batch = batch_of([SAMPLES[number]])
    [row] = rows(batch, Limits()).iter_rows(named=True)
    again = batch_of_json(orjson.dumps(request_of(row)), "default")
    [back] = rows(again.without_attributes(["logboom.record.id"]), Limits()).iter_rows(named=True)

    same = (
        "body",
        "body_is_json",
        "severity_number",
        "service_name",
        "attributes",
        "resource",
        "scope_name",
        "time_unix_nano",
    )
    assert {name: back[name] for name in same} == {name: row[name] for name in same}
