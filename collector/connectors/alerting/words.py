"""Names that others rely on: of commands, of events, of attributes of a notification."""

from __future__ import annotations

from collector.reserved import COMMANDS

ACKNOWLEDGE = f"{COMMANDS}alert.acknowledge"
SILENCE = f"{COMMANDS}alert.silence"
UNSILENCE = f"{COMMANDS}alert.unsilence"

SILENCED = "logboom.alert.silence"
"""An event that describes a silence: it begins, changes or ends."""

LABELS = (
    "domain", "level", "action", "rule", "service", "environment", "component", "endpoint", "error_type", "issue", "exporter",
)  # fmt: skip
"""What every alert is told by; those that a record does not say are absent."""
LEVELS = ("debug", "info", "warning", "critical")
"""From the least to the worst."""
