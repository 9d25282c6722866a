"""`severity_parser`: a level out of a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from collector.stanza.absent import ABSENT
from collector.stanza.columns import Rows, constant
from collector.stanza.fields import field_of
from collector.stanza.frame import Frame
from collector.stanza.operation import Done, Options, done
from collector.stanza.operators.parsing import by_distinct, texts
from collector.stanza.problems import Failed, OperatorError

_WORDS = ("trace", "debug", "info", "warn", "error", "fatal")
LEVELS: Mapping[str, int] = {
    f"{word}{step if step > 1 else ''}": 4 * at + step for at, word in enumerate(_WORDS) for step in range(1, 5)
}
"""What levels are called in `mapping`."""
_OTEL = {**{str(number): number for number in LEVELS.values()}, **LEVELS}
_ALIASES = {
    **_OTEL,
    **{f"warning{step}": LEVELS[f"warn{step}"] for step in ("", "2", "3", "4")},
    **{f"err{step}": LEVELS[f"error{step}"] for step in ("", "2", "3", "4")},
}
_PRESETS: Mapping[str, Mapping[str, int]] = {
    "": _ALIASES,
    "default": _ALIASES,
    "aliases": _ALIASES,
    "otel": _OTEL,
    "none": {},
}
_HUNDREDS = {f"{digit}xx": (digit * 100, digit * 100 + 99) for digit in range(2, 6)}
_MOST_OF_A_RANGE = 100_000


class SeverityParser:
    """What none of its words, numbers and ranges is leaves the level alone; the text of the field becomes that of the level."""

    def __init__(self, options: Options) -> None:
        if not options.has("parse_from"):
            raise OperatorError("missing required field 'parse_from'")
        self._from = field_of(options.take("parse_from"))
        options.flag("preserve_to")
        self._overwrite = options.flag("overwrite_text")
        preset = options.take("preset", "default")
        if preset not in _PRESETS:
            raise OperatorError(f"unknown preset {preset!r}")
        self._levels = dict(_PRESETS[preset])
        mapping = options.take("mapping", {})
        if not isinstance(mapping, Mapping):
            raise OperatorError("mapping names levels and their values")
        for name, values in mapping.items():
            level = _level(name)
            for value in values if isinstance(values, list) else [values]:
                self._levels |= dict.fromkeys(_spelled(value), level)

    def apply(self, frame: Frame, rows: Rows) -> Done:
        column = frame.get(self._from, rows)
        plain = texts(column)
        if plain is not None:
            self._tell(frame, rows, plain)
            return Done(rows)
        found = by_distinct(column, self._of)
        failed = np.fromiter((type(each) is Failed for each in found), dtype=np.bool_, count=len(rows))
        good = rows[~failed]
        pairs = [each for each in found if type(each) is not Failed]
        if len(good):
            frame.put_field("severity_number", good, [number for number, _ in pairs], constant(ABSENT, frame.height))
            frame.put_field(
                "severity_text", good, pl.Series([text for _, text in pairs], dtype=pl.String), _none(frame)
            )
        return done(rows, failed, f"{self._from} holds no level")

    def _tell(self, frame: Frame, rows: Rows, words: pl.Series) -> None:
        """Every text is a level, or none that is known."""
        distinct = words.unique().to_list()
        said = [self._of(word) for word in distinct]
        numbers = words.replace_strict(distinct, [number for number, _ in said], return_dtype=pl.Int64)
        frame.put_field("severity_number", rows, numbers, constant(ABSENT, frame.height))
        written = (
            words.replace_strict(distinct, [text for _, text in said], return_dtype=pl.String)
            if self._overwrite
            else words
        )
        frame.put_field("severity_text", rows, written, _none(frame))

    def _of(self, value: Any) -> tuple[int, str]:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Failed("no level")
        if isinstance(value, float):
            value = int(value)
        number = self._levels.get(value.lower() if isinstance(value, str) else str(value), 0)
        text = str(value)
        return number, (_NAMES.get(number, text) if self._overwrite else text)


_NAMES = {number: name.upper() for name, number in LEVELS.items()}


def _none(frame: Frame) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)


def _level(name: Any) -> int:
    number = _ALIASES.get(str(name).lower())
    if number is None:
        raise OperatorError(f"mapping: {name!r} is no level")
    return number


def _spelled(value: Any) -> Iterator[str]:
    """How what stands in `mapping` may be written in an entry."""
    if isinstance(value, Mapping):
        low, high = value.get("min"), value.get("max")
        if not isinstance(low, int) or not isinstance(high, int) or high - low > _MOST_OF_A_RANGE:
            raise OperatorError("a range has min and max")
        yield from map(str, range(min(low, high), max(low, high) + 1))
    elif isinstance(value, str) and value.lower() in _HUNDREDS:
        low, high = _HUNDREDS[value.lower()]
        yield from map(str, range(low, high + 1))
    elif isinstance(value, bool) or not isinstance(value, str | int | bytes):
        raise OperatorError(f"mapping: {value!r} is neither text, whole number nor range")
    else:
        yield (value.decode() if isinstance(value, bytes) else str(value)).lower()
