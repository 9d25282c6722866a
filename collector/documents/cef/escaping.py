"""Values of CEF, cleaned, cut and escaped ("Character Encoding" of the implementation standard).

          header              extension
\\         \\\\                  \\\\
|         \\|                  |
=         =                   \\=
LF, CR    a space             \\n, \\r

Every other control character, and what Unicode counts as the end of a line, becomes a space, so one event stays one
line for every reader. Spaces at both ends go: the format does not keep them.
"""

from __future__ import annotations

import polars as pl

from collector.documents.device_event.cleaning import BREAKS, replaced, rewritten, shortened

_IN_EXTENSION = {"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"}
_IN_HEADER = {"\\": "\\\\", "|": "\\|"}


def header(values: pl.Series, longest: pl.Series) -> pl.Series:
    """Fields of the header; null where nothing is left."""
    return rewritten(values, longest, rf"[\\|\n\r{BREAKS}]", _header)


def extension(values: pl.Series, longest: pl.Series) -> pl.Series:
    """Values of extension keys; null where nothing is left."""
    return rewritten(values, longest, rf"[\\=\n\r{BREAKS}]", _extension)


def _header(values: pl.Series, longest: pl.Series) -> pl.Series:
    return replaced(shortened(values.str.replace_all(rf"[\n\r{BREAKS}]+", " "), longest), _IN_HEADER)


def _extension(values: pl.Series, longest: pl.Series) -> pl.Series:
    return replaced(shortened(values.str.replace_all(f"[{BREAKS}]", " "), longest), _IN_EXTENSION)
