"""Which of the files that were found are read, where only the first of an order are wanted (`ordering_criteria`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from pathlib import Path

import re2

from collector.ingress.files.options import OrderingCriteria, SortBy


class Order:
    """By what the regular expression finds in a file's path."""

    def __init__(self, criteria: OrderingCriteria) -> None:
        self._criteria = criteria
        self._expression = re2.compile(criteria.regex) if criteria.regex else None
        self._group = re2.compile(criteria.group_by) if criteria.group_by else None

    def chosen(self, paths: Iterable[str]) -> list[str]:
        """Of each group the first `top_n`; what the expression does not fit is none of them."""
        if not self._criteria.sort_by:
            return list(paths)
        groups: dict[str, list[str]] = {}
        for path in paths:
            found = self._group.search(path) if self._group is not None else None
            if self._group is None or found is not None:
                groups.setdefault(found.group(1) if found is not None else "", []).append(path)
        return [path for group in groups.values() for path in self._first(group)]

    def _first(self, paths: Sequence[str]) -> list[str]:
        chosen = list(paths)
        for rule in reversed(self._criteria.sort_by):
            keyed = [(key, path) for path in chosen if (key := self._key(rule, path)) is not None]
            keyed.sort(key=lambda pair: pair[0], reverse=not rule.ascending)
            chosen = [path for _, path in keyed]
        return chosen[: self._criteria.top_n]

    def _key(self, rule: SortBy, path: str) -> float | str | None:
        if rule.sort_type == "mtime":
            try:
                return Path(path).stat().st_mtime
            except OSError:
                return None
        found = self._expression.search(path) if self._expression is not None else None
        text = found.groupdict().get(rule.regex_key) if found is not None else None
        if text is None:
            return None
        return _value(rule, text)


def _value(rule: SortBy, text: str) -> float | str | None:
    if rule.sort_type == "numeric":
        return int(text) if re.fullmatch(r"-?\d+", text) else None
    if rule.sort_type == "timestamp":
        from collector.ottl.plain.strptime import LayoutError, layout_of, zone_of

        try:
            zone = zone_of(rule.location) if rule.location else UTC
            return layout_of(rule.layout, "en").parse(text, zone).nanoseconds
        except LayoutError:
            return None
    return text
