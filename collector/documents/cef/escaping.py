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

from collector.documents.device_event.cleaning import BREAKS, replaced, shortened, where

_EXTENSION = {"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"}
_HEADER = {"\\": "\\\\", "|": "\\|"}


def header(values: pl.Series, longest: pl.Series) -> pl.Series:
    """Fields of the header; null where nothing is left."""
    plain = where(values, rf"[{BREAKS}\n\r]", lambda text: text.str.replace_all(rf"[{BREAKS}\n\r]+", " "))
    return where(shortened(plain, longest), r"[\\|]", lambda text: replaced(text, _HEADER))


def extension(values: pl.Series, longest: pl.Series) -> pl.Series:
    """Values of extension keys; null where nothing is left."""
    plain = where(values, f"[{BREAKS}]", lambda text: text.str.replace_all(f"[{BREAKS}]", " "))
    return where(shortened(plain, longest), r"[\\=\n\r]", lambda text: replaced(text, _EXTENSION))
