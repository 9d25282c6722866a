"""Rows of a store as text: a table for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING

from collector.store.csv_cells import Csv
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from collector.store.reading import Rows

_WIDEST_CELL = 20_000
"""Characters of one cell in a table; nobody reads more, and wrapping them costs time."""


def as_csv(rows: Rows, how: Csv) -> str:
    """A header and a line a row (RFC 4180, with line feeds)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([how.cell(name) for name in rows.columns])
    writer.writerows([how.cell(value) for value in row] for row in rows.values)
    return out.getvalue()


def as_json(rows: Rows) -> str:
    """An array, an object a line."""
    return "[" + ",\n ".join(visible_json(dict(zip(rows.columns, row, strict=True))) for row in rows.values) + "]\n"


def as_table(rows: Rows) -> str:
    """Columns under their names; each cell on one line of its own as far as the terminal is wide."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    numeric = [all(isinstance(row[at], int | float | None) for row in rows.values) for at in range(len(rows.columns))]
    for name, right in zip(rows.columns, numeric, strict=True):
        table.add_column(Text(visible(name)), justify="right" if right and rows.values else "left", overflow="fold")
    for row in rows.values:
        table.add_row(*(Text(_cell(value), style="dim" if value is None else "") for value in row))
    console = Console(width=None if sys.stdout.isatty() else 10_000)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def _cell(value: object) -> str:
    if value is None:
        return "NULL"
    text = value.hex() if isinstance(value, bytes) else str(value)
    cut = len(text) - _WIDEST_CELL
    return (
        visible(text) if cut <= 0 else f"{visible(text[:_WIDEST_CELL])}… {cut} more characters (--format json has all)"
    )
