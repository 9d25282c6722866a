"""Where in the code a record was written, as far as it says so: logger, file and line as one name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xxhash

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, distinct_rows, encode, texts
from collector.ottl.columns import AttributeColumns
from collector.ottl.paths import TEXT
from processors.patterns.tokens import Tokens, is_word

_FILES = ("code.file.path", "code.filepath", "code.file.name")
_LINES = ("code.line.number", "code.lineno")


def code_places(batch: LogBatch) -> Coded | None:
    """The place of each record, null where file or line are not said; None where no record says both."""
    columns = AttributeColumns(batch.attributes, (*_FILES, *_LINES), len(batch))
    file, line = (
        next((columns.coded(key, TEXT) for key in keys if key in columns.present), None) for keys in (_FILES, _LINES)
    )
    if file is None or line is None:
        return None
    logger = encode(batch.scopes.get_column("name")).at(batch.column("scope").to_numpy())
    codes, first = distinct_rows([file, line, logger])
    told = zip(*(_at(column, first) for column in (file, line, logger)), strict=True)
    names = texts([xxhash.xxh3_64_hexdigest("\x1f".join(map(str, one)).encode()) for one in told])
    return Coded(np.where((file.codes < 0) | (line.codes < 0), np.int32(-1), codes), names)


def _at(column: Coded, rows: npt.NDArray[np.intp]) -> list[object]:
    values = [*column.values.to_pylist(), None]
    return [values[code] for code in column.codes[rows].tolist()]


def akin(one: Tokens, other: Tokens) -> bool:
    """Whether two texts of one place may be one pattern: they share half of the words of the shorter one. A place that writes
    texts that have nothing in common only passes on what others say."""
    words, others = ({token for token in tokens if is_word(token)} for tokens in (one, other))
    return not words or not others or 2 * len(words & others) >= min(len(words), len(others))
