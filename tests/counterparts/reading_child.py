"""An ingest process whose receiver reads files and may die at any moment: `python -m counterparts.reading_child ROOT SLOT FOLDER`.

The receiver `lines` makes a request of each line of FOLDER's files, one after the other, and keeps with each how far it has
read. It prints each line once that is durable.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import xxhash

from collector.admission.admission import Admission, Notice
from collector.admission.steps import Arrival
from collector.backend.data_dir import open_data_dir
from collector.component import Config, Context, Factory, Kind
from collector.errors import Refusal
from collector.journal.positions import Position
from collector.registry import Registry
from collector.service.ingest import Ingest
from collector.service.plan import backend_of
from collector.settings import load
from collector.settings.model import Settings
from collector.testing.payloads import payload

CONFIG = """
receivers: {{lines: {{folder: "{folder}"}}}}
exporters: {{nop: }}
service:
  processes: {{ingest: 2}}
  journal: {{max_bytes: 8MiB, max_domain_share: 1}}
  ledger: {{partitions: 1, max_bytes: 16MiB}}
  pipelines: {{logs: {{receivers: [lines], exporters: [nop]}}}}
"""


class LinesConfig(Config):
    """What is read."""

    folder: str
    """Whose files."""


class Nobody:
    """The facts of a request that nobody sent."""

    host = ""

    def header(self, name: str) -> str | None:
        """None."""

    def parameters(self, name: str) -> tuple[str, ...]:
        return ()

    def values(self, name: str) -> list[str]:
        """None."""
        return []

    def peer(self) -> str:
        """As on a unix socket."""
        return ""

    def certificate(self) -> None:
        """None."""


class Lines:
    """Reads each file once, from where it was."""

    per_process = False

    def __init__(self, config: LinesConfig, context: Context) -> None:
        self._folder = Path(config.folder)
        self._id = context.id
        self._admission: Admission
        self._thread = threading.Thread(target=self._read_all, daemon=True)

    def start(self, admission: Admission, *, share_port: bool = False) -> None:
        """Go on where what is durable ends."""
        self._admission = admission
        self._thread.start()

    def stop_intake(self) -> None:
        """It is killed."""

    def shutdown(self, deadline_secs: float) -> None:
        """It is killed."""

    def endpoints(self) -> Mapping[str, str]:
        """It does not listen."""
        return {}

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """Nothing is bounded."""
        return {}

    def silent_secs(self) -> float:
        """It has no loop."""
        return 0.0

    def _read_all(self) -> None:
        done = self._admission.positions(self._id)
        for path in sorted(self._folder.iterdir()):
            at = int(done.get(path.name.encode(), b"0"))
            with path.open("rb") as file:
                file.seek(at)
                for line in file:
                    at += len(line)
                    while not self._kept(path.name, line, at):
                        pass
        os.write(1, b"end\n")

    def _kept(self, name: str, line: bytes, at: int) -> bool:
        outcome: list[Refusal | Notice | None] = []
        answered = threading.Event()

        def done(answer: Refusal | Notice | None) -> None:
            outcome.append(answer)
            answered.set()

        position = Position(name.encode(), b"%d" % at)
        digest = xxhash.xxh3_128_digest(b"%s:%d" % (name.encode(), at))
        body = payload(1, line.decode().strip())
        self._admission.submit(Arrival(self._id, Nobody(), body, digest=digest, position=position), done)
        answered.wait()
        if isinstance(outcome[0], Refusal):
            return False
        os.write(1, line)
        return True


FACTORY = Factory(Kind.RECEIVER, "lines", LinesConfig, f"{__name__}:Lines", "reads lines of files")


def settings_for(folder: str) -> Settings:
    """Two slots, one receiver."""
    return load([f"yaml:{CONFIG.format(folder=folder)}"], registry=Registry([FACTORY]), environ={})


def prepare(root: Path, folder: str) -> None:
    """The data directory, before any child is started."""
    open_data_dir(root, 1)
    backend_of(settings_for(folder), root).prepare()


def main() -> None:
    """Run the slot until killed."""
    root, slot, folder = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    Ingest(settings_for(folder), root, slot).run()


if __name__ == "__main__":
    main()
