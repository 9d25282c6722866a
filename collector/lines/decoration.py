"""Decoration of lines: escape sequences of terminals, also where they were written out, and the heads of CRI.

A logger that quotes its message, or a syslog daemon that lets no control character pass, writes `\\x1b[31m`, `\\u001b[31m`,
`\\033[31m`, `#033[31m` or `^[[31m` for a colour. Of those only colours are taken off: they mean nothing else.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import re2

from collector.lines import envelopes, messages

_WRITTEN = ("\\x1b[", "\\x1B[", "\\u001b[", "\\u001B[", "\\033[", "\\e[", "#033[", "^[[", "\ufffd[", "\u241b[")
"""An escape character as others write it, before the bracket."""
MARKS = ("\x1b", "\x9b", " stdout ", " stderr ", "@cee:", *messages.PAIRS, *_WRITTEN)
"""Words of which every decorated text has one, unless it is an object."""

_OBJECTS = (*envelopes.MARKS, *messages.MARKS, "\\/")
_ESCAPES = re.compile(  # begins with a class of characters: such places are found fast
    "[\x1b\x9b\\\\#^\ufffd\u241b](?:"
    "(?:(?<=\x1b)\\[|(?<=\x9b))[0-?]*[ -/]*[@-~]"  # CSI: colours, moves of the cursor
    "|(?<=\x1b)\\][^\x07\x1b]*(?:\x07|\x1b\\\\)"  # OSC: titles, links
    "|(?<=\x1b)[PX^_][^\x1b]*\x1b\\\\"  # DCS, SOS, PM, APC
    "|(?<=\x1b)[ -/]*[0-~]"  # two characters
    r"|(?:(?<=\\)\\{0,3}(?:x1[bB]|u001[bB]|033|e)|(?<=#)033|(?<=\^)\[|(?<=[\ufffd\u241b]))\[[0-9;:]*m)"
)
_CRI = re.compile(r"\d{4}-\d\d-\d\dT\S+ (?:stdout|stderr) [FP] ")
_CONCERNED = re2.compile("|".join(map(re2.escape, (*MARKS, *_OBJECTS))))
_TEXT = pl.col("text")
_DECORATED = _TEXT.str.contains_any(list(MARKS)) | (_TEXT.str.starts_with("{") & _TEXT.str.contains_any(list(_OBJECTS)))


def stripped(text: str) -> str:
    """The text without escape sequences, the head of CRI and syslog's `@cee:`."""
    plain = _ESCAPES.sub("", text)
    head = _CRI.match(plain)
    return (plain[head.end() :] if head else plain).removeprefix("@cee:")


def decorated(texts: pa.Array) -> npt.NDArray[np.intp]:
    """The places of the texts (large strings without null) that may be other than their bare lines.

    Where there is none, as in most batches, one search over their bytes says so, without a look at each of them.
    """
    if not _concerned(texts):
        return np.empty(0, dtype=np.intp)
    frame = pl.Series("text", texts, dtype=pl.String).to_frame()
    return np.flatnonzero(frame.select(_DECORATED).to_series().to_numpy())


def _concerned(texts: pa.Array) -> bool:
    data = texts.buffers()[2] if len(texts) else None
    if data is None:
        return False
    ends = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return _CONCERNED.search(data.slice(ends[0], ends[-1] - ends[0]).to_pybytes()) is not None
