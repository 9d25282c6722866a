"""Batches as syslog messages in one run of bytes: headers and MSG are joined a column at a time.

octet counting   `92 <165>1 2003-… - text\\n92 <165>1 …`     the count covers the message's newline, as in otelcol
newline          `<165>1 2003-… - text\\n<165>1 …`
datagrams        `<165>1 2003-… - text<165>1 …`              and where each of them ends
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.documents import cut
from collector.documents.text_buffers import buffer
from exporters.syslog import message, structured_data, timestamps
from exporters.syslog.config import SyslogConfig
from exporters.syslog.fields import HOST, NILVALUE, PRINTABLE, TAG, Fields, names, present_keys
from exporters.syslog.priority import pri, priorities

_PRIORITY, _VERSION = "priority", "version"
_HOST_LIMIT = 255
_LIMITS = {"appname": 48, "proc_id": 128, "msg_id": 32}
_TAG_LIMIT = 32
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of a batch, in order.

    Args:
        body: all of them, framed.
        ends: where each ends in `body`.
        cut: how many were longer than allowed.
    """

    body: bytes
    ends: npt.NDArray[np.int64]
    cut: int

    def __len__(self) -> int:
        return len(self.ends)


class Encoder:
    """Makes messages by a configuration; holds no state, any thread may call it."""

    def __init__(self, config: SyslogConfig) -> None:
        self._config = config
        self._priorities = priorities(config)
        self._names = names(config.sources) | {_PRIORITY, _VERSION, message.ATTRIBUTE, structured_data.ATTRIBUTE}
        self._newline = config.ends_lines

    def encode(self, batch: LogBatch) -> Messages:
        """One message a record."""
        fields = Fields(batch, present_keys(batch, self._names))
        start = pri(self._priorities, batch.column("severity_number"), fields.text(_PRIORITY))
        parts = self._rfc5424 if self._config.protocol == "rfc5424" else self._rfc3164
        head, detail = parts(batch, fields)
        text = message.message(batch, self._config, fields.text(message.ATTRIBUTE))
        if self._config.bom and self._config.protocol == "rfc5424":
            marked = pl.concat_str(pl.lit(_BOM), pl.lit(text.str.strip_prefix(_BOM)))
            text = pl.select(pl.when(pl.lit(text) != "").then(marked)).to_series()
        frame = pl.select(head=pl.concat_str(pl.lit(start), head), detail=detail, msg=pl.lit(text))
        messages, shortened = self._limited(frame)
        offsets, data = buffer(self._framed(messages))
        return Messages(bytes(data[offsets[0] : offsets[-1]]), offsets[1:] - offsets[0], shortened)

    def _rfc5424(self, batch: LogBatch, fields: Fields) -> tuple[pl.Expr, pl.Expr]:
        """`VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID`, and STRUCTURED-DATA."""
        sources, defaults = self._config.sources, self._config.defaults
        columns = [
            fields.column(getattr(sources, name), getattr(defaults, name), allowed=PRINTABLE, limit=limit)
            for name, limit in _LIMITS.items()
        ]
        columns = [pl.lit(timestamps.rfc5424(batch)), self._host(fields), *columns]
        head = pl.concat_str([_version(fields), *(one.fill_null(NILVALUE) for one in columns)], separator=" ")
        nested = structured_data.ATTRIBUTE in fields.keys
        found = structured_data.structured_data(batch, self._config.structured_data, nested, self._names)
        return head, pl.lit(NILVALUE) if found is None else found.fill_null(NILVALUE)

    def _rfc3164(self, batch: LogBatch, fields: Fields) -> tuple[pl.Expr, pl.Expr]:
        """`Mmm dd hh:mm:ss HOSTNAME`, and `TAG:` or `TAG[pid]:`."""
        sources, defaults = self._config.sources, self._config.defaults
        time = pl.lit(timestamps.rfc3164(batch, self._config.timezone))
        host = self._host(fields).fill_null(NILVALUE)
        tag = fields.column(sources.appname, defaults.appname, allowed=TAG, limit=_TAG_LIMIT)
        pid = fields.column(sources.proc_id, defaults.proc_id, allowed=TAG, limit=_TAG_LIMIT)
        number = pl.when(pid.is_null()).then(pl.lit("")).otherwise(pl.concat_str(pl.lit("["), pid, pl.lit("]")))
        return pl.concat_str(time, host, separator=" "), pl.concat_str(tag, number, pl.lit(":"))

    def _host(self, fields: Fields) -> pl.Expr:
        sources, default = self._config.sources.hostname, self._config.defaults.hostname
        return fields.column(sources, default, allowed=HOST, limit=_HOST_LIMIT)

    def _limited(self, frame: pl.DataFrame) -> tuple[pl.Series, int]:
        """Whole messages within the limit, and how many lost something: STRUCTURED-DATA only as a whole, for half of it
        would be no message at all; then the end of MSG."""
        limit = self._config.limit - self._newline
        messages = frame.select(_WHOLE).to_series()
        longer = (messages.str.len_bytes() > limit).arg_true()
        if not len(longer):
            return messages, 0
        headers = pl.col("head").str.len_bytes() + 1 + pl.col("detail").str.len_bytes()
        shorter = frame[longer].with_columns(detail=pl.when(headers > limit).then(pl.lit(NILVALUE)).otherwise("detail"))
        return messages.scatter(longer, cut(shorter.select(_WHOLE).to_series(), limit)[0]), len(longer)

    def _framed(self, messages: pl.Series) -> pl.Series:
        text = pl.lit(messages)
        pieces = [text, pl.lit("\n")] if self._newline else [text]
        if self._config.counted:
            pieces = [(text.str.len_bytes() + int(self._newline)).cast(pl.String), pl.lit(" "), *pieces]
        return pl.select(pl.concat_str(pieces).alias("frame")).to_series()


def _version(fields: Fields) -> pl.Expr:
    """VERSION: the attribute `version` where it could be one."""
    given = fields.text(_VERSION)
    if given is None:
        return pl.lit("1")
    return pl.lit(given.set(~given.str.contains("^[1-9][0-9]{0,2}$").fill_null(False), "1").fill_null("1"))


def _after_space(name: str) -> pl.Expr:
    column = pl.col(name)
    return pl.when(column.is_null() | (column == "")).then(pl.lit("")).otherwise(pl.concat_str(pl.lit(" "), column))


_WHOLE = pl.concat_str("head", _after_space("detail"), _after_space("msg")).alias("message")
