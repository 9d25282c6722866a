"""Names that others rely on: of commands, of events, of attributes of a notification."""

from __future__ import annotations

from collector.alert_commands import ACKNOWLEDGE, RESOLVE, SILENCE, TEST, UNACKNOWLEDGE, UNSILENCE

__all__ = ["ACKNOWLEDGE", "LABELS", "LEVELS", "RESOLVE", "SILENCE", "SILENCED", "TEST", "UNACKNOWLEDGE", "UNSILENCE"]

SILENCED = "logboom.alert.silence"
"""An event that describes a silence: it begins, changes or ends."""

LABELS = (
    "domain", "level", "action", "rule", "service", "environment", "component", "endpoint", "error_type", "issue", "exporter",
)  # fmt: skip
"""What every alert is told by; those that a record does not say are absent."""
LEVELS = ("debug", "info", "warning", "critical")
"""From the least to the worst."""
