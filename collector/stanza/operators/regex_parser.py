"""`regex_parser`: named groups become keys."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from collector.ottl.regex import problem_of, translated
from collector.stanza.columns import Column
from collector.stanza.expressions.meaning import pattern
from collector.stanza.operation import Options
from collector.stanza.operators.parsing import Found, Parser, each, texts
from collector.stanza.problems import Failed, OperatorError

_IGNORES_CASE = re.compile(r"\(\?[a-zA-Z]*i")
_WHOLE = "__whole"


class RegexParser(Parser):
    """Groups that took no part are empty."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._regex = options.take("regex", "")
        options.take("cache")
        if not isinstance(self._regex, str) or not self._regex:
            raise OperatorError("missing required field 'regex'")
        self._compiled = pattern(self._regex)
        self._names = dict(sorted(self._compiled.groupindex.items(), key=lambda pair: pair[1]))
        if not self._names:
            raise OperatorError("no named capture groups in regex pattern")
        fast = translated(self._regex)
        plain = fast != self._regex and not _IGNORES_CASE.search(self._regex) and problem_of(self._regex) is None
        self._fast = f"(?P<{_WHOLE}>{fast})" if plain else ""

    def parse(self, texts_: Column) -> list[Any] | Found:
        column = texts(texts_)
        if column is None or not self._fast:
            return each(texts_, self._one)
        groups = column.str.extract_groups(self._fast).struct.unnest()
        missed = groups.get_column(_WHOLE).is_null()
        columns = {name: _filled(groups.get_column(name)) for name in self._names}
        return Found(columns, missed.to_numpy())

    def _one(self, text: str) -> dict[str, str]:
        match = self._compiled.search(text)
        if match is None:
            raise Failed("regex pattern does not match")
        return {name: match.group(number) or "" for name, number in self._names.items()}


def _filled(group: pl.Series) -> pl.Series:
    return group.fill_null("") if group.null_count() else group
