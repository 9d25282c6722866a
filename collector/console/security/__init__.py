"""What every request passes before a handler sees it, and every answer on its way back."""

from collector.console.security.guard import guarded

__all__ = ["guarded"]
