"""What is wrong with a backup."""

from __future__ import annotations

from collector.errors import LogboomError


class BackupError(LogboomError):
    """A backup can't be made, found, or trusted."""
