"""An expression, ready to be asked of entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from collector.stanza.absent import ABSENT
from collector.stanza.columns import Rows, items, taken
from collector.stanza.expressions.masks import Mask, NoColumns, mask_of
from collector.stanza.expressions.meaning import Meaning, meaning
from collector.stanza.expressions.parsing import Tree, parsed
from collector.stanza.fields import Field
from collector.stanza.frame import Frame
from collector.stanza.problems import Failed

_FIELDS = ("time_unix_nano", "severity_number", "severity_text", "trace_id", "span_id", "scope_name")


@dataclass(frozen=True, slots=True)
class Expression:
    """`uses`: the parts of entries that it looks at."""

    tree: Tree
    meaning: Meaning
    uses: frozenset[str]

    @classmethod
    def of(cls, text: object) -> Expression:
        """Raises `OperatorError`."""
        tree = parsed(str(text) if not isinstance(text, bool) else str(text).lower())
        return cls(tree, meaning(tree), frozenset(_names(tree)))

    def mask(self, frame: Frame, rows: Rows) -> tuple[Mask, Mask]:
        """Where it holds, and where it can't be said."""
        try:
            return mask_of(self.tree, frame, rows), np.zeros(len(rows), dtype=np.bool_)
        except NoColumns:
            values = self.values(frame, rows)
        yes = np.fromiter((value is True for value in values), dtype=np.bool_, count=len(rows))
        failed = np.fromiter((type(value) is not bool for value in values), dtype=np.bool_, count=len(rows))
        return yes, failed

    def values(self, frame: Frame, rows: Rows) -> list[Any]:
        """Its value for each entry; a `Failed` where there is none."""
        return [_asked(self.meaning, environment) for environment in self._environments(frame, rows)]

    def _environments(self, frame: Frame, rows: Rows) -> Iterator[dict[str, Any]]:
        columns: dict[str, list[Any]] = {}
        for root in ("body", "attributes", "resource"):
            if root in self.uses:
                columns[root] = items(frame.get(Field(root), rows))
        for name in _FIELDS:
            spelled = "timestamp" if name == "time_unix_nano" else name
            if spelled in self.uses and name in frame.fields:
                columns[spelled] = items(taken(frame.fields[name], rows))
        names = list(columns)
        if not names:
            yield from ({} for _ in rows)
            return
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(names, values, strict=True))


def _asked(run: Meaning, environment: dict[str, Any]) -> Any:
    try:
        value = run(environment)
    except Failed as failed:
        return failed
    return None if value is ABSENT else value


def _names(tree: Any) -> Iterator[str]:
    if isinstance(tree, tuple) and tree and tree[0] == "name":
        yield tree[1]
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from _names(part)
