"""/var/log/pods as container runtimes write it and the kubelet rotates it: folders by namespace, pod, uid and container, a file for each restart.

Sources: Kubernetes, pkg/kubelet/logs/container_log_manager.go (rename, then `.tmp`, then `.gz`); CRI, "log format"; Docker, json-file driver.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

PIECE = 40
"""Letters of a piece: a longer line comes in several."""
Format = Literal["containerd", "crio", "docker"]


@dataclass
class ContainerLog:
    """One container of a pod, in the tree below `root`; `lines` are all that it wrote, with the restart in which it did."""

    root: Path
    namespace: str
    pod: str
    uid: str
    name: str
    format: Format = "containerd"
    restarts: int = 0
    lines: list[tuple[str, int]] = field(default_factory=list)
    _rotations: int = 0

    @property
    def folder(self) -> Path:
        """Of the kubelet."""
        return self.root / "pods" / f"{self.namespace}_{self.pod}_{self.uid}" / self.name

    @property
    def file(self) -> Path:
        """That is written now."""
        return self.folder / f"{self.restarts}.log"

    def write(self, *texts: str) -> None:
        """Lines of stdout."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.file.exists():
            self._make()
        with self.file.open("a") as file:
            for text in texts:
                self.lines.append((text, self.restarts))
                file.write(self._written(text))

    def restart(self) -> None:
        """The container ended, and runs again."""
        self.restarts += 1

    def rotate(self) -> None:
        """The kubelet renames the file; the runtime opens a new one. What was renamed before is packed."""
        self.pack()
        self._rotations += 1
        self.file.rename(self.file.with_name(f"{self.file.name}.20260101-1200{self._rotations:02}"))
        self.file.touch()

    def pack(self) -> None:
        """All that were renamed."""
        for old in self.folder.glob("*.log.*"):
            if old.suffix != ".gz":
                packing = old.with_name(old.name + ".tmp")
                packing.write_bytes(gzip.compress(old.read_bytes()))
                packing.rename(old.with_name(old.name + ".gz"))
                old.unlink()

    def _make(self) -> None:
        links = self.root / "containers"
        links.mkdir(exist_ok=True)
        ident = hashlib.sha256(str(self.file).encode()).hexdigest()
        if self.format == "docker":  # the kubelet's file is a link to Docker's
            real = self.root / "docker" / ident / f"{ident}-json.log"
            real.parent.mkdir(parents=True)
            real.touch()
            self.file.symlink_to(real)
        else:
            self.file.touch()
        (links / f"{self.pod}_{self.namespace}_{self.name}-{ident}.log").symlink_to(self.file)

    def _written(self, text: str) -> str:
        number = len(self.lines)
        if self.format == "docker":
            return (
                json.dumps({"log": text + "\n", "stream": "stdout", "time": f"2026-01-01T00:00:00.{number:09}Z"}) + "\n"
            )
        at = f"2026-01-01T00:00:00.{number:09}" + ("Z" if self.format == "containerd" else "+00:00")
        pieces = [text[begin : begin + PIECE] for begin in range(0, len(text), PIECE)] or [""]
        marks = ["P"] * (len(pieces) - 1) + ["F"]
        return "".join(f"{at} stdout {mark} {piece}\n" for mark, piece in zip(marks, pieces, strict=True))
