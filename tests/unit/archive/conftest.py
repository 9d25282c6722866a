"""Archives in a folder, written as the exporter writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.archive.columns import table_of
from collector.archive.names import Cut, ObjectName
from collector.archive.reading import Archive, open_archive
from collector.archive.retention import Retention
from collector.archive.staging import Staging
from collector.batch import LogBatch
from collector.testing.row_batch import Row, batch_of

HOUR = 3_600_000_000_000


@dataclass
class Written:
    """An archive and what writes to it."""

    archive: Archive
    folder: Path
    cuts: int = 0

    def write(self, *rows: Row, data: str = "ours", retention: Retention | None = None) -> list[str]:
        """A cut with these records; the names of its objects."""
        return self.add(batch_of(rows), data, retention)

    def add(self, batch: LogBatch, data: str = "ours", retention: Retention | None = None) -> list[str]:
        """The same with the records of a batch."""
        self.cuts += 1
        staging = Staging(self.folder / f"staging-{self.cuts}", 1 << 20, (retention or Retention()).classes)
        staging.add(table_of(batch))
        names = []
        for staged in staging.finish():
            name = str(ObjectName(staged.place, data, Cut(0, self.cuts, self.cuts), staged.footer.digest))
            self.archive.catalog.target.put(name, staged.path.read_bytes(), new=True)
            names.append(name)
        staging.discard()
        return names

    def ids(self, domain: str = "tamyla.com", **more: Any) -> list[str]:
        """Of all records that a reader is given, sorted."""
        found = self.archive.scan(domain, 0, 1 << 62, **more).select("record_id").collect()
        return sorted(found.get_column("record_id"))


@pytest.fixture
def written(tmp_path: Path) -> Written:
    (tmp_path / "archive").mkdir()
    return Written(open_archive(str(tmp_path / "archive")), tmp_path)


@pytest.fixture
def row() -> Callable[..., Row]:
    """Record `name` in an hour since 1970, at a second of it."""

    def made(name: str, hour: int = 472_222, second: int = 0, **fields: Any) -> Row:
        return Row(name, fields={"time_unix_nano": hour * HOUR + second * 1_000_000_000, **fields})

    return made
