"""Batches as syslog messages in one run of bytes: headers and MSG are joined a column at a time.

octet counting   `91 <165>1 2003-… - text91 <165>1 …`    with `enable_octet_counting` a newline is counted too
newline          `<165>1 2003-… - text\\n<165>1 …`
datagrams        `<165>1 2003-… - text<165>1 …`          and where each of them ends
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.text_buffers import buffer
from collector.documents.facts import said
from exporters.syslog import message, structured_data, timestamps
from exporters.syslog.config import SyslogConfig
from exporters.syslog.cutting import cut_text
from exporters.syslog.fields import HOST, NILVALUE, PRINTABLE, TAG, Fields, names, present_keys
from exporters.syslog.priority import pri, priorities

_PRIORITY = "priority"
_VERSION = "1"
"""The only one there is (RFC 5424, section 9.1). otelcol takes it from the attribute `version`, which often is that of an
application: receivers then read the message as no syslog at all."""
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
        self._names = names(config.sources) | {_PRIORITY, message.ATTRIBUTE, structured_data.ATTRIBUTE}
        self._elsewhere = self._names if config.routing_attributes == "all" else frozenset()
        self._newline = config.ends_lines

    def encode(self, batch: LogBatch) -> Messages:
        """One message a record."""
        batch = said(batch)
        routing = batch.for_routing(self._config.routing_attributes)
        fields = Fields(routing, present_keys(routing, self._names))
        start = pri(self._priorities, batch.column("severity_number"), fields.text(_PRIORITY))
        parts = self._rfc5424 if self._config.protocol == "rfc5424" else self._rfc3164
        head, detail = parts(batch, fields)
        text = message.message(batch, self._config, fields.text(message.ATTRIBUTE))
        if self._config.bom and self._config.protocol == "rfc5424":
            marked = pl.concat_str(pl.lit(_BOM), pl.lit(text.str.strip_prefix(_BOM)))
            text = pl.select(pl.when(pl.lit(text) != "").then(marked)).to_series()
        head = pl.concat_str(pl.lit(start), head)
        frame = pl.select(head=head, detail=detail.fill_null(""), msg=pl.lit(text).fill_null(""))
        frame, sizes, shortened = self._limited(frame)
        offsets, data = buffer(self._framed(frame, sizes))
        return Messages(bytes(data[offsets[0] : offsets[-1]]), offsets[1:] - offsets[0], shortened)

    def _rfc5424(self, batch: LogBatch, fields: Fields) -> tuple[pl.Expr, pl.Expr]:
        """`VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID`, and STRUCTURED-DATA."""
        sources, defaults = self._config.sources, self._config.defaults
        columns = [
            fields.column(getattr(sources, name), getattr(defaults, name), allowed=PRINTABLE, limit=limit)
            for name, limit in _LIMITS.items()
        ]
        columns = [pl.lit(timestamps.rfc5424(batch)), self._host(fields), *columns]
        head = pl.concat_str([pl.lit(_VERSION), *(one.fill_null(NILVALUE) for one in columns)], separator=" ")
        nested = structured_data.ATTRIBUTE in fields.keys
        given = fields.batch if nested else None
        found = structured_data.structured_data(batch, self._config.structured_data, given, self._elsewhere)
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

    def _limited(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series, int]:
        """Messages within the limit, their bytes, and how many lost something."""
        limit = self._config.limit - self._newline
        sizes = frame.select(_SIZE).to_series()
        longer = (sizes > limit).arg_true()
        if not len(longer):
            return frame, sizes, 0
        shorter = self._shortened(frame[longer], limit)
        columns = [frame.get_column(part).scatter(longer, shorter.get_column(part)) for part in frame.columns]
        frame = pl.DataFrame(columns)
        return frame, frame.select(_SIZE).to_series(), len(longer)

    def _shortened(self, frame: pl.DataFrame, limit: int) -> pl.DataFrame:
        """STRUCTURED-DATA goes only as a whole, for half of it would be no message at all; then the end of MSG."""
        headers = pl.col("head").str.len_bytes() + 1 + pl.col("detail").str.len_bytes()
        frame = frame.with_columns(detail=pl.when(headers > limit).then(pl.lit(NILVALUE)).otherwise("detail"))
        room = (limit - 1 - frame.select(headers.cast(pl.Int64)).to_series()).to_list()
        form, delimiter = self._config.format, self._config.leef_delimiter
        texts = zip(frame.get_column("msg").to_list(), room, strict=True)
        kept = [cut_text(text, most, form, delimiter) if len(text.encode()) > most else text for text, most in texts]
        return frame.with_columns(msg=pl.Series(kept, dtype=pl.String))

    def _framed(self, frame: pl.DataFrame, sizes: pl.Series) -> pl.Series:
        pieces = ["head", _space_before("detail"), "detail", _space_before("msg"), "msg"]
        if self._newline:
            pieces.append(pl.lit("\n"))
        if self._config.counted:
            pieces = [pl.lit((sizes + int(self._newline)).cast(pl.String)), pl.lit(" "), *pieces]
        return frame.select(pl.concat_str(pieces).alias("frame")).to_series()


def _space_before(name: str) -> pl.Expr:
    """Nothing before what is empty."""
    return pl.when(pl.col(name) == "").then(pl.lit("")).otherwise(pl.lit(" "))


_SIZE = pl.sum_horizontal(
    *(pl.col(part).str.len_bytes() for part in ("head", "detail", "msg")),
    *(pl.col(part) != "" for part in ("detail", "msg")),
).alias("size")
