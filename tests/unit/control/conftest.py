"""A control journal with its server, in a directory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.backend.data_dir import DataDir, open_data_dir
from collector.backend.local import LocalBackend
from collector.control.server import ControlServer
from collector.journal.entry import Intake
from collector.journal.limits import JournalLimits

MIB = 1 << 20


class Slot:
    """Ingest slot 0 as far as control records go."""

    def __init__(self, root: Path) -> None:
        self.root = root
        open_data_dir(root, 1)
        self.backend = LocalBackend(DataDir(root, 1), 1, 1, JournalLimits(16 * MIB), 17 * MIB)
        self.journal: Intake | None = None
        self.server: ControlServer | None = None

    def start(self, **options: object) -> ControlServer:
        """Open the journal and listen."""
        self.backend.prepare()
        self.journal = self.backend.open_control(on_fatal=print)
        self.server = ControlServer(self.root, self.journal, **options)
        self.server.start()
        return self.server

    def stop(self) -> None:
        """In the order of the process."""
        if self.server is not None and self.journal is not None:
            self.server.stop_intake()
            self.journal.close(10.0)
            self.server.shutdown()
        self.server = self.journal = None

    def entries(self) -> int:
        """How many records are on disk."""
        view = self.backend.view()
        try:
            return view.control().entries
        finally:
            view.close()


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Slot]:
    """Not started yet."""
    made = Slot(tmp_path / "data")
    yield made
    made.stop()
