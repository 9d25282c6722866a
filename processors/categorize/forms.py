"""Forms of lines: patterns of which the first that matches takes a word out of a body.

All patterns are looked for in one pass of RE2 over each distinct body's head. Answers are remembered: what a service says,
it says again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import re2

from collector.columns.memo import Memo, each

HEAD = 512
"""Characters of a body in which forms are looked for."""
_KEPT = 8192
_OPTIONS = re2.Options()
_OPTIONS.max_mem = 32 << 20

Meaning = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a line: `pattern` captures a word, `meaning` names what reads it."""

    name: str
    pattern: str
    meaning: str = "word"


class Forms:
    """Forms in order, and what their words mean."""

    def __init__(self, forms: Sequence[Form], meanings: Mapping[str, Meaning]) -> None:
        self._all = re2.Set.SearchSet(_OPTIONS)
        self._each = [(re2.compile(form.pattern), meanings[form.meaning]) for form in forms]
        for form in forms:
            self._all.Add(form.pattern)
        self._all.Compile()
        self._memo: Memo[str, str | None] = each(self._read, _KEPT)

    def __call__(self, texts: list[str]) -> list[str | None]:
        """What each body says."""
        return self._memo([text[:HEAD] for text in texts])

    def _read(self, head: str) -> str | None:
        for position in sorted(self._all.Match(head.encode()) or ()):
            pattern, meaning = self._each[position]
            match = pattern.search(head)
            answer: str | None = meaning(match[1]) if match else None
            if answer is not None:
                return answer
        return None
