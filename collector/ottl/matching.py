"""Which records an `include` or `exclude` block means, with the OpenTelemetry Collector's options (upstream: internal/filter)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.attribute_options import AttributeMatch, MatchType, SeverityMatch
from collector.ottl.plain.comparing import same
from collector.ottl.plain.getters import text
from collector.ottl.plain.kinds import EvaluationError
from collector.ottl.plain.patterns import compiled, found
from collector.ottl.plain.places import ATTRIBUTES, BODY, Level, Place
from collector.ottl.regex import contains
from collector.ottl.statements.frame import Frame

Mask = npt.NDArray[np.bool_]
_SEVERITY_TEXT = Place(Level.RECORD, "severity_text")


class Matcher:
    """The records for which all that is asked holds. What is not asked is left empty.

    Raises:
        ValueError: an expression that RE2 refuses.
    """

    def __init__(
        self,
        match_type: MatchType,
        attributes: Sequence[AttributeMatch] = (),
        resources: Sequence[AttributeMatch] = (),
        bodies: Sequence[str] = (),
        severity_texts: Sequence[str] = (),
        severity_number: SeverityMatch | None = None,
        scopes: Sequence[tuple[str, str | None]] = (),
    ) -> None:
        self._regexp = match_type == "regexp"
        self._attributes, self._resources = attributes, resources
        self._bodies, self._severity_texts, self._severity = bodies, severity_texts, severity_number
        self._scopes = scopes
        texts = [*bodies, *severity_texts, *(one for scope in scopes for one in scope if one)]
        for pattern in [*texts, *(str(one.value) for one in (*attributes, *resources) if one.value is not None)]:
            if self._regexp:
                try:
                    compiled(pattern)
                except EvaluationError as error:
                    raise ValueError(str(error)) from None

    @property
    def asks(self) -> bool:
        """Whether it asks anything."""
        asked = (self._attributes, self._resources, self._bodies, self._severity_texts, self._scopes)
        return any(asked) or self._severity is not None

    def mask(self, frame: Frame) -> Mask:
        """One answer a record."""
        matched = np.ones(frame.height(Level.RECORD), dtype=np.bool_)
        for level, wanted in ((Level.RECORD, self._attributes), (Level.RESOURCE, self._resources)):
            for one in wanted:
                matched &= _asked(frame, Place(level, ATTRIBUTES, one.key), self._value_test(one))
        for place, texts in ((Place(Level.RECORD, BODY), self._bodies), (_SEVERITY_TEXT, self._severity_texts)):
            if texts:
                matched &= self._of_texts(frame, place, texts)
        if self._severity is not None:
            matched &= _asked(frame, Place(Level.RECORD, "severity_number"), self._is_severe)
        if self._scopes:
            matched &= self._of_scopes(frame)
        return matched

    def _of_texts(self, frame: Frame, place: Place, wanted: Sequence[str]) -> Mask:
        """All texts of a place at once."""
        column = frame.texts(place, np.arange(frame.height(place.level)))
        if column is not None:
            return self._of_column(column.fill_null("").alias("text"), wanted)
        cells = frame.read(place)
        given = [value if type(value) is str else text(value) or "" for value in cells.values]
        answers: Mask = self._of_column(pl.Series("text", given, dtype=pl.String), wanted)[cells.codes]
        return answers

    def _of_column(self, texts: pl.Series, wanted: Sequence[str]) -> Mask:
        if self._regexp:
            tests = [contains(pl.col("text"), pattern).fill_null(False) for pattern in wanted]
            found = texts.to_frame().select(pl.any_horizontal(tests)).to_series()
        else:
            found = texts.is_in(list(wanted))
        answers: Mask = found.to_numpy()
        return answers

    def _is_severe(self, number: Any) -> bool:
        assert self._severity is not None
        return self._severity.match_undefined if not number else number >= self._severity.number

    def _any(self, wanted: Sequence[str], value: str) -> bool:
        return any(found(pattern, value) for pattern in wanted) if self._regexp else value in wanted

    def _value_test(self, wanted: AttributeMatch) -> Callable[[Any], bool]:
        def test(value: Any) -> bool:
            if value is None:
                return False
            if wanted.value is None:
                return True
            return found(str(wanted.value), text(value) or "") if self._regexp else same(value, wanted.value)

        return test

    def _of_scopes(self, frame: Frame) -> Mask:
        names = [frame.read(Place(Level.SCOPE, name)) for name in ("name", "version")]
        values = [[cells.values[code] or "" for code in cells.codes.tolist()] for cells in names]
        answers = [
            any(
                self._any([name], one) and (version is None or self._any([version], two))
                for name, version in self._scopes
            )
            for one, two in zip(*values, strict=True)
        ]
        positions = frame.positions(Level.RECORD, Level.SCOPE)
        return np.array(answers, dtype=np.bool_)[positions]


def _asked(frame: Frame, place: Place, test: Callable[[Any], bool]) -> Mask:
    cells = frame.read(place)
    answers: Mask = np.array([test(value) for value in cells.values], dtype=np.bool_)[cells.codes]
    positions = frame.positions(Level.RECORD, place.level)
    return answers if positions is None else answers[positions]
