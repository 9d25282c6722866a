"""Journal entries of text → one `LogBatch`: a record a line, or a range, columns from the bytes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.batch import LogBatch, concat
from collector.columns.tables import ATTRIBUTES, RESOURCES, conform
from collector.journal.entry import Entry
from collector.journal.text import WHITE, Text
from otlp_wire import framing

REPAIRED, NOT_UTF8 = "logboom.repaired", "not_utf8"
"""Attribute of records in which bytes that are no UTF-8 became U+FFFD."""
_WHITE = WHITE.decode()
_NUMBER, _OFFSET = "log.file.record_number", "log.file.record_offset"
Rows = npt.NDArray[np.int64]


def read_texts(entries: Sequence[Entry]) -> LogBatch:
    """The records of all entries, in order; `payload` is the position of their entry. Raises `NotText`."""
    texts = [Text.of(entry.body) for entry in entries]
    if any(text.binary for text in texts) and len(texts) > 1:
        return _one_by_one(entries)
    parts = [_Part.of(text, entry) for text, entry in zip(texts, entries, strict=True)]
    payload = np.repeat(np.arange(len(parts)), [len(part.bodies) for part in parts])
    bodies = pl.concat([part.bodies for part in parts]) if len(parts) > 1 else parts[0].bodies
    rows = np.concatenate([part.rows for part in parts])
    kept = _stripped(bodies, texts, payload)
    payload, rows = payload[kept.rows], rows[kept.rows]
    batch = LogBatch.of({
        **_body(kept.bodies),
        "observed_time_unix_nano": np.array([text.read_unix_nano for text in texts], dtype=np.uint64)[payload],
        "payload": payload,
    })  # fmt: skip
    batch = _told(_placed(batch, texts, payload), texts, parts, payload, rows)
    left = [entry._replace(first=0, rest=0) if part.cut else entry for entry, part in zip(entries, parts, strict=True)]
    return _pieces(batch, left, payload)


def _one_by_one(entries: Sequence[Entry]) -> LogBatch:
    """Where bodies of some are bytes. The payload of each is the first of its own batch."""
    batches = []
    for number, entry in enumerate(entries):
        batch = read_texts([entry])
        batches.append(replace(batch, records=batch.records.with_columns(payload=pl.lit(number, pl.UInt32))))
    return concat([replace(batch, payloads=batch.payloads.clear()) for batch in batches])


def _body(bodies: pl.Series) -> dict[str, pl.Series]:
    if bodies.dtype == pl.Binary:
        return {"body_any": framing.framed(framing.BYTES, bodies)}
    return {"body": bodies}


class _Part:
    """Bodies of one text as they stand there, and for each the number of its line. `cut`: only those of the entry's piece."""

    def __init__(self, bodies: pl.Series, rows: Rows, starts: Rows, repaired: bool, *, cut: bool = False) -> None:
        self.bodies, self.rows, self.starts, self.repaired, self.cut = bodies, rows, starts, repaired, cut

    @classmethod
    def of(cls, text: Text, entry: Entry) -> _Part:
        data, repaired = (text.text, False) if text.binary else _utf8(text.text)
        if text.ranges is not None:
            return cls._ranged(text, repaired)
        offsets = _line_starts(data)
        starts = (_line_starts(text.text) if repaired else offsets)[:-1]
        first, end = _piece(entry, len(starts))
        series = _series(data, offsets[first : end + 1], binary=text.binary)
        return cls(series, np.arange(first, end), starts, repaired, cut=end - first < len(starts))

    @classmethod
    def _ranged(cls, text: Text, repaired: bool) -> _Part:
        starts, sizes = np.array(text.ranges or (), dtype=np.int64).reshape(-1, 2).T
        ends, rows = starts + sizes, np.arange(len(starts))
        if not text.binary and not repaired and len(starts) and _whole(text.text, starts, ends):
            offsets = np.append(np.stack([starts, ends], axis=1).ravel(), len(text.text))
            return cls(_series(text.text, offsets, binary=False).gather_every(2), rows, starts, repaired)
        pieces = [text.text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        if text.binary:
            return cls(pl.Series("body", pieces, dtype=pl.Binary), rows, starts, False)
        bodies = pl.Series("body", [piece.decode("utf-8", "replace") for piece in pieces], dtype=pl.String)
        return cls(bodies, rows, starts, True)


def _whole(data: bytes, starts: Rows, ends: Rows) -> bool:
    """Whether records stand in their order, and no character of valid UTF-8 is cut at their edges."""
    if (starts[1:] < ends[:-1]).any() or ends[-1] > len(data):
        return False
    units = np.frombuffer(data + b"\0", dtype=np.uint8)
    return not ((units[starts] & 0xC0 == 0x80).any() or (units[ends] & 0xC0 == 0x80).any())


def _piece(entry: Entry, lines: int) -> tuple[int, int]:
    """The lines of an entry's piece, where each line is known to be a record: others need not become columns."""
    if entry.first + entry.records + entry.rest != lines:
        return 0, lines
    return entry.first, entry.first + entry.records


def _line_starts(data: bytes) -> Rows:
    """Where each line begins, and where the last one ends."""
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10).astype(np.int64) + 1
    last = [len(data)] if len(data) and (not len(ends) or ends[-1] != len(data)) else []
    return np.concatenate([np.zeros(1, dtype=np.int64), ends, np.array(last, dtype=np.int64)])


def _utf8(data: bytes) -> tuple[bytes, bool]:
    """What is no UTF-8 becomes U+FFFD; line ends stay what they are."""
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode(), True
    return data, False


def _series(data: bytes, offsets: Rows, *, binary: bool) -> pl.Series:
    kind = pa.large_binary() if binary else pa.large_string()
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data)]
    series = pl.from_arrow(pa.Array.from_buffers(kind, len(offsets) - 1, buffers))
    assert isinstance(series, pl.Series)
    return series.alias("body")


class _Kept:
    """Bodies without what is cut off, where anything is left; and which rows they were."""

    def __init__(self, bodies: pl.Series) -> None:
        filled = bodies.str.len_bytes() > 0 if bodies.dtype == pl.String else bodies.bin.size() > 0
        self.rows = np.arange(len(bodies)) if filled.all() else filled.arg_true().to_numpy()
        self.bodies = bodies if filled.all() else bodies.filter(filled)


def _stripped(bodies: pl.Series, texts: Sequence[Text], payload: Rows) -> _Kept:
    if bodies.dtype == pl.Binary:
        cut = [body.strip(WHITE) for body in bodies.to_list()]
        return _Kept(pl.Series("body", cut, dtype=pl.Binary))
    ways = {(text.keep_leading, text.keep_trailing) for text in texts}
    cut = [(way, _cut(bodies, *way)) for way in ways]
    if len(cut) == 1:
        return _Kept(cut[0][1])
    result = bodies
    for way, each in cut:
        here = np.array([(text.keep_leading, text.keep_trailing) == way for text in texts])[payload]
        result = each.zip_with(pl.Series(here), result)
    return _Kept(result)


def _cut(bodies: pl.Series, keep_leading: bool, keep_trailing: bool) -> pl.Series:
    if not keep_leading and not keep_trailing:
        return bodies.str.strip_chars(_WHITE)
    if keep_trailing:
        bodies = bodies.str.strip_suffix("\n").str.strip_suffix("\r")
        blank = bodies.str.strip_chars(_WHITE).str.len_bytes() == 0
        bodies = bodies.set(blank, "") if blank.any() else bodies
        return bodies if keep_leading else bodies.str.strip_chars_start(_WHITE)
    return bodies.str.strip_chars_end(_WHITE)


def _placed(batch: LogBatch, texts: Sequence[Text], payload: Rows) -> LogBatch:
    """One resource for all entries that say the same of it."""
    different: dict[str, int] = {}
    at = [different.setdefault(repr(sorted(text.resource.items())), len(different)) for text in texts]
    first = [texts[at.index(number)].resource for number in range(len(different))]
    owners = [(number, key, value) for number, resource in enumerate(first) for key, value in resource.items()]
    rows = pl.DataFrame(
        {
            "schema_url": [""] * len(first),
            "dropped_attributes_count": [0] * len(first),
            "entity_refs": [None] * len(first),
        },
        RESOURCES,
    )
    table = conform(
        pl.DataFrame(
            {
                "owner": [owner for owner, _, _ in owners],
                "key": [key for _, key, _ in owners],
                "kind": [1] * len(owners),
                "string": [value if isinstance(value, str) else str(value) for _, _, value in owners],
            },
            {name: ATTRIBUTES[name] for name in ("owner", "key", "kind", "string")},
        )
    )
    records = batch.records.with_columns(pl.Series("resource", np.array(at, dtype=np.uint32)[payload]))
    return replace(batch, records=records, resources=rows, resource_attributes=table)


def _told(batch: LogBatch, texts: Sequence[Text], parts: Sequence[_Part], payload: Rows, rows: Rows) -> LogBatch:
    """Attributes: of all records of an entry, and of each line."""
    entry = pl.Series(payload)
    keys = dict.fromkeys(key for text in texts for key in text.attributes)
    columns = {key: pl.Series([text.attributes.get(key) for text in texts], strict=False).gather(entry) for key in keys}
    if any(text.number is not None for text in texts):
        first = pl.Series([text.number for text in texts], dtype=pl.Int64).gather(entry)
        columns[_NUMBER] = first + pl.Series(rows)
    if any(text.offset is not None for text in texts):
        begins = pl.Series([text.offset for text in texts], dtype=pl.Int64).gather(entry)
        starts = [part.starts[rows[payload == number]] for number, part in enumerate(parts)]
        columns[_OFFSET] = begins + pl.Series(np.concatenate(starts))
    if any(part.repaired for part in parts):
        damaged = batch.column("body").str.contains("\ufffd", literal=True).fill_null(False)
        columns[REPAIRED] = pl.Series([None], dtype=pl.String).new_from_index(0, len(batch)).set(damaged, NOT_UTF8)
    return batch.with_attributes(columns) if columns and len(batch) else batch


def _pieces(batch: LogBatch, entries: Sequence[Entry], payload: Rows) -> LogBatch:
    """Of entries that were taken in part only their part."""
    if not any(entry.partial for entry in entries):
        return batch
    within = np.arange(len(payload)) - np.searchsorted(payload, payload)
    first = np.array([entry.first for entry in entries])[payload]
    last = np.array([entry.first + entry.records if entry.rest else 1 << 60 for entry in entries])[payload]
    return batch.filter(pl.Series((within >= first) & (within < last)))
