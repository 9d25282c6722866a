"""Values of LEEF, cleaned and cut.

The format has no escapes: what separates attributes, fields of the header or lines cannot stand in a value and becomes
a space. `=` may stand in a value, for a key ends at the first one.
"""

from __future__ import annotations

import re

import polars as pl

from collector.documents.device_event.cleaning import BREAKS, rewritten, shortened
from collector.documents.device_event.pieces import Clean


def header(values: pl.Series, longest: pl.Series) -> pl.Series:
    """Fields of the header; null where nothing is left. A pipe becomes `/`."""
    return rewritten(values, longest, rf"[|\n\r{BREAKS}]", _header)


def attribute(delimiter: str) -> Clean:
    """The cleaning of attribute values for this delimiter; null where nothing is left."""
    odd = rf"[\n\r{BREAKS}{re.escape(delimiter)}]"
    return lambda values, longest: rewritten(
        values, longest, odd, lambda found, most: shortened(found.str.replace_all(odd, " "), most)
    )


def _header(values: pl.Series, longest: pl.Series) -> pl.Series:
    spaced = values.str.replace_all("|", "/", literal=True).str.replace_all(rf"[\n\r{BREAKS}]+", " ")
    return shortened(spaced, longest)
