"""Texts of which the parts that match are masked, or hashed: once for each distinct text, and only those that match are looked at in Python."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.ottl.plain.patterns import replaced
from collector.ottl.regex import contains, translated
from collector.shaping.patterns import MASK, alternation

Instead = Callable[[str], str]
_PLAIN: dict[str, Instead] = {
    "": lambda _: MASK,
    "md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
    "sha1": lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
    "sha3": lambda text: hashlib.sha3_256(text.encode()).hexdigest(),
}


def instead_of(function: str, key: str = "") -> Instead:
    """What stands where something is hidden: `****`, or its hash in hex (`md5`, `sha1`, `sha3`, `hmac-sha256`, `hmac-sha512`)."""
    if function in _PLAIN:
        return _PLAIN[function]
    digest = function.removeprefix("hmac-")
    return lambda text: hmac.digest(key.encode(), text.encode(), digest).hex()


class Expressions:
    """Expressions of RE2, asked of many texts at once; false when there are none."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = list(patterns)
        self._all = alternation(self.patterns)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def match(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which of the texts one of them is found in."""
        if not self.patterns or not texts:
            return np.zeros(len(texts), dtype=np.bool_)
        frame = pl.DataFrame([pl.Series("text", texts, dtype=pl.String)])
        found: npt.NDArray[np.bool_] = frame.select(contains(pl.col("text"), self._all)).to_series().to_numpy()
        return found


class Masking:
    """Hides what expressions find, one expression after the other, each in what the former left."""

    def __init__(self, patterns: Sequence[str], instead: Instead) -> None:
        self._expressions = Expressions(patterns)
        self._instead = instead
        self._columns = [translated(pattern) for pattern in patterns] if instead is _PLAIN[""] else []

    def masked(self, texts: Sequence[str]) -> list[str]:
        """Each text without what is hidden; the same object where nothing is."""
        rows = np.flatnonzero(self._expressions.match(texts)).tolist()
        found = list(texts)
        changed = self._in_columns([texts[at] for at in rows]) if self._columns else None
        for place, at in enumerate(rows):
            found[at] = self._in_turn(texts[at]) if changed is None else changed[place]
        return found

    def _in_columns(self, texts: Sequence[str]) -> list[str]:
        column = pl.Series(texts, dtype=pl.String)
        for pattern in self._columns:
            column = column.str.replace_all(pattern, MASK)
        return column.to_list()

    def _in_turn(self, text: str) -> str:
        for pattern in self._expressions.patterns:
            text = replaced(pattern, text, lambda match: self._instead(match.group()))
        return text

    def whole(self, text: str) -> str:
        """All of a text is hidden, a line at a time."""
        return "\n".join(self._instead(line) for line in text.split("\n"))
