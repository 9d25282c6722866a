"""Texts of senders as cells of CSV."""

from __future__ import annotations

from dataclasses import dataclass

from collector.visible import visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet calculates, full-width signs included. Source: OWASP, CSV Injection."""


@dataclass(frozen=True, slots=True)
class Csv:
    """How texts of senders stand in CSV.

    Args:
        formulas: keep what a spreadsheet would calculate; else `'` stands in front of it.
        terminal: people see it: control characters are shown, not obeyed.
    """

    formulas: bool = True
    terminal: bool = False

    def cell(self, value: object) -> object:
        """One value. Numbers are numbers, NULL is empty, bytes are hex."""
        if value is None or isinstance(value, int | float):
            return "" if value is None else value
        text = value.hex() if isinstance(value, bytes) else str(value)
        text = text if self.formulas or not text.startswith(_FORMULA) else f"'{text}"
        return visible(text) if self.terminal else text
