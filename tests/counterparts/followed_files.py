"""A journal in memory in front of a tailer: what it handed over is there, with its place, or was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.ingress.files.handed import Handed
from collector.ingress.files.source import Fixed
from collector.ingress.files.tailer import Tailer
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.receivers.file_log.config import FileLogConfig


@dataclass
class Files:
    """One receiver over a folder, with a clock that stands still until it is moved.

    Args:
        folder: `include` is `*` in it unless options say otherwise.
    """

    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    positions: dict[bytes, bytes] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    now: float = 1000.0
    refusing: bool = False
    at_once: bool = True
    again: bool = False

    def __post_init__(self) -> None:
        self.waiting: list[Handed] = []
        self.start()

    def start(self, **options: Any) -> None:
        """A process begins, with what is in the journal."""
        self.options |= options
        given = {"include": [f"{self.folder}/*"], "start_at": "beginning", **self.options}
        self.waiting = []
        config = FileLogConfig(**given)
        fixed = Fixed(config.attributes, config.resource)
        self.tailer = Tailer(
            config, dict(self.positions), self._hand, now=lambda: self.now, fixed=fixed, again=self.again
        )

    def _hand(self, handed: Handed) -> None:
        self.waiting.append(handed)
        if self.at_once:
            self.answer()

    def answer(self) -> None:
        """Of all that waits."""
        waiting, self.waiting = self.waiting, []
        for handed in waiting:
            if not self.refusing:
                self.keep(handed)
            self.tailer.answered(handed, 1.0 if self.refusing else None)

    def keep(self, handed: Handed) -> None:
        """It becomes durable, told or not."""
        body = handed.piece.text.body()
        self.entries.append(
            Entry(
                "0" * 16,
                len(self.entries) + 1,
                "default",
                "file_log",
                body,
                handed.piece.records,
                1_700_000_000_000,
                handed.digest("file_log"),
                text=True,
            )
        )
        for position in (handed.position(), *(each for _, each in handed.besides)):
            self.positions[position.source] = position.position
            if not position.position:
                del self.positions[position.source]

    def run(self, secs: float = 1.0) -> None:
        """Go round for so long."""
        until = self.now + secs
        while self.now < until:
            wait = self.tailer.turn()
            self.now += wait or 0.001
        self.tailer.turn()

    def bodies(self) -> list[str | None]:
        """Of all records, in the order of the journal."""
        batch = decode(self.entries).batch
        assert sum(entry.records for entry in self.entries) == len(batch)
        return batch.column("body").to_list() if len(batch) else []

    def attribute(self, key: str) -> list[Any]:
        """Of all records."""
        batch = decode(self.entries).batch
        if key not in batch.derived.columns:
            return [None] * len(batch)
        return batch.derived.get_column(key).to_list()

    def write(self, name: str, text: str | bytes, mode: str = "ab") -> Path:
        """Append to a file (or write it anew)."""
        path = self.folder / name
        with path.open(mode) as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return path
