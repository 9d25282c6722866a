"""Objects by name: in a folder, or in an object storage. What backups and archives are kept in."""

from collector.object_storage.target import (
    Busy,
    Content,
    Exists,
    Missing,
    Refused,
    Stored,
    Target,
    TargetError,
    Unconditional,
    open_target,
)

__all__ = [
    "Busy", "Content", "Exists", "Missing", "Refused", "Stored", "Target", "TargetError", "Unconditional", "open_target",
]  # fmt: skip
