"""Header fields: found in records and resources, kept to their character set and length."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from exporters.syslog.config import Sources

NILVALUE = "-"
PRINTABLE = "!-~"
"""PRINTUSASCII of RFC 5424: no space, so that no value can reach the next field."""
HOST = "A-Za-z0-9._/@-"
"""What may stand in HOSTNAME besides an IPv6 address: syslog-ng refuses messages with anything else in that place."""
_IPV6 = r"^[0-9A-Fa-f:.]{2,45}$"
TAG = "!-9;-Z\\\\^-~"
"""What may stand before the `:` or `[` that ends a TAG of RFC 3164; receivers take more than its alphanumerics."""
RESOURCE = "resource."


def present_keys(batch: LogBatch, names: Collection[str]) -> frozenset[str]:
    """Those of the attributes that any record has: one look at the keys instead of one for each name."""
    keys = batch.attributes.get_column("key")
    found = keys.filter(keys.is_in(list(names))).unique().to_list()
    return frozenset(found) | (frozenset(names) & frozenset(batch.derived.columns))


class Fields:
    """The header fields of one batch.

    Args:
        batch: with the attributes that may stand in a header.
        keys: record attributes that occur in it, of all that may be asked for.
    """

    def __init__(self, batch: LogBatch, keys: frozenset[str]) -> None:
        self.batch = batch
        self.keys = keys

    def text(self, name: str) -> pl.Series | None:
        """A record attribute as text, null where absent; None when no record has it."""
        return self.batch.attribute_text(name) if name in self.keys else None

    def column(self, sources: Sequence[str], default: str, *, allowed: str, limit: int) -> pl.Expr:
        """A field of the header: the first source that is there after what is not allowed in it was taken out."""
        found = [self._clean(source, allowed, limit) for source in sources]
        columns = [pl.lit(column) for column in found if column is not None]
        return pl.coalesce(*columns, pl.lit(cleaned_text(default, allowed, limit)))

    def _clean(self, source: str, allowed: str, limit: int) -> pl.Series | None:
        batch = self.batch
        if source.startswith(RESOURCE):
            key = source.removeprefix(RESOURCE)
            values = tables.aligned_text(batch.resource_attributes, key, batch.resources.height)
            if values.null_count() == len(values):
                return None
            return cleaned(values, allowed, limit).gather(batch.column("resource"))
        found = batch.column("event_name") if source == "event_name" else self.text(source)
        return None if found is None else cleaned(found, allowed, limit)


def cleaned(values: pl.Series, allowed: str, limit: int) -> pl.Series:
    """Without characters outside of `allowed` (ASCII, so characters are bytes), cut; null when nothing is left."""
    if values.str.contains(rf"^[{allowed}]{{1,{limit}}}$").all():
        return values
    short = values.str.replace_all(f"[^{allowed}]", "").str.slice(0, limit)
    if allowed == HOST:
        short = values.zip_with(values.str.contains(_IPV6).fill_null(False), short)
    return short.set(short.str.len_bytes() == 0, None)


@cache
def cleaned_text(value: str, allowed: str, limit: int) -> str | None:
    """The same for one value; None for nothing."""
    found: str | None = cleaned(pl.Series([value], dtype=pl.String), allowed, limit).item()
    return found


def names(sources: Sources) -> frozenset[str]:
    """All record attributes that the sources name."""
    every = (*sources.hostname, *sources.appname, *sources.proc_id, *sources.msg_id)
    return frozenset(name for name in every if name != "event_name" and not name.startswith(RESOURCE))
