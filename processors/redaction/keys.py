"""What is done with a key, by its name alone; asked once for each key that occurs."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from collector.ottl.plain.patterns import found
from processors.redaction.config import RedactionConfig

OUTCOMES = ("redacted", "masked", "allowed", "ignored")
_OWN = frozenset(
    f"redaction.{body}{outcome}.{what}"
    for body in ("", "body.")
    for outcome in OUTCOMES
    for what in (("count",) if outcome == "ignored" else ("keys", "count"))
)


class Fate(StrEnum):
    """What its name means for an attribute."""

    IGNORED = "ignored"
    REDACTED = "redacted"
    MASKED = "masked"
    READ = "read"


class Keys:
    """The lists of the options."""

    def __init__(self, config: RedactionConfig) -> None:
        self._all, self._allowed = config.allow_all_keys, _OWN.union(config.allowed_keys)
        self._ignored, self._ignoring = frozenset(config.ignored_keys), config.ignored_key_patterns
        self._blocking = config.blocked_key_patterns
        self.fate = lru_cache(4096)(self._fate)

    def _fate(self, key: str) -> Fate:
        if key in self._ignored or any(found(pattern, key) for pattern in self._ignoring):
            return Fate.IGNORED
        if not self._all and key not in self._allowed:
            return Fate.REDACTED
        return Fate.MASKED if any(found(pattern, key) for pattern in self._blocking) else Fate.READ
