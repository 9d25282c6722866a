"""`LogBatch` → lines for the raw endpoint: the body and nothing else, or a document of `collector.documents.models`.

A string stands as it is, any other body as its JSON. By default a line break within it is written as `\\n`, two
characters: whoever can write a log line could otherwise forge another event.
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import attributes_json
from collector.documents.facts import said
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.events import with_structured

_BREAKS = {
    "\r": "\\r",
    "\n": "\\n",
    "\x0b": "\\v",
    "\x0c": "\\f",
    "\x85": "\\u0085",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_BREAK = "[\r\n\x0b\x0c\x85\u2028\u2029]"


def lines(batch: LogBatch, config: SplunkHecConfig) -> pl.Series:
    """One line a record; null for a record that has none."""
    if config.format != "otel":
        from collector.documents.models import texts

        return _lines(texts(batch, config.format, config))
    batch = said(batch)
    body = _bodies(batch)
    if config.empty_body == "attributes" and body.null_count():
        attributes = attributes_json(batch)
        body = body.zip_with(body.is_not_null(), attributes.set(attributes == "{}", "-"))
    if config.raw_newlines == "escape":
        body = _on_one_line(body)
    return _lines(body)


def _lines(text: pl.Series) -> pl.Series:
    return pl.select(pl.concat_str(pl.lit(text), pl.lit("\n")).alias("line")).to_series()


def _bodies(batch: LogBatch) -> pl.Series:
    own = batch.column("body")
    return with_structured(own.set(own.str.strip_chars() == "", None), batch)


def _on_one_line(text: pl.Series) -> pl.Series:
    rows = text.str.contains(_BREAK).arg_true()
    if not len(rows):
        return text
    return text.scatter(rows, text.gather(rows).str.replace_many(list(_BREAKS), list(_BREAKS.values())))
