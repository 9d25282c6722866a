"""The enums of the log context: severity numbers."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")

ENUMS: Mapping[str, int] = {
    "SEVERITY_NUMBER_UNSPECIFIED": 0,
    **{
        f"SEVERITY_NUMBER_{name}{step or ''}": 1 + 4 * position + max(0, step - 1)
        for position, name in enumerate(_NAMES)
        for step in (0, 2, 3, 4)
    },
}
"""`SEVERITY_NUMBER_ERROR` → 17, `SEVERITY_NUMBER_ERROR2` → 18, …"""
