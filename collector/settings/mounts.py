"""What the data directory lies on: some file systems forget, or do not sync when asked."""

from __future__ import annotations

from pathlib import Path

_RISKY = {
    "tmpfs": "is memory: everything in it is gone after a restart of the machine",
    "ramfs": "is memory: everything in it is gone after a restart of the machine",
    "overlay": "is a container's own layer: everything in it goes with the container; mount a volume",
    "aufs": "is a container's own layer: everything in it goes with the container; mount a volume",
    "nfs": "is on the network: memory-mapped files and locks are not reliable there",
    "nfs4": "is on the network: memory-mapped files and locks are not reliable there",
    "cifs": "is on the network: memory-mapped files and locks are not reliable there",
    "smb3": "is on the network: memory-mapped files and locks are not reliable there",
    "9p": "is shared from another machine: memory-mapped files are not reliable there",
}


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that `path` (absolute) is on, from the text of `/proc/mounts`; "" = unknown."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(fields[1].encode().decode("unicode_escape"))  # spaces are written as \040
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def data_dir_warning(data_dir: Path, mounts: str | None = None) -> str | None:
    """A sentence when the data directory is, or would be made, on a file system that can't keep the promise."""
    if mounts is None:
        table = Path("/proc/mounts")
        mounts = table.read_text(encoding="utf-8", errors="replace") if table.exists() else ""
    kind = file_system_of(data_dir.resolve(), mounts)
    return f"the data directory {data_dir} {_RISKY[kind]} ({kind})" if kind in _RISKY else None
