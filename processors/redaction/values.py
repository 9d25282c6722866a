"""What becomes of texts, all distinct ones of a place at once."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

from collector.ottl.plain.getters import text
from collector.shaping import sanitizing
from collector.shaping.masking import Expressions, Masking, instead_of
from processors.redaction.config import RedactionConfig

Clean = Callable[[str], str]
_SYSTEMS: dict[str, tuple[Clean, tuple[str, ...]]] = {
    "sql": (sanitizing.sql, ("other_sql", "mysql", "postgresql", "mariadb", "sqlite")),
    "redis": (sanitizing.redis, ("redis",)),
    "valkey": (sanitizing.redis, ("valkey",)),
    "memcached": (sanitizing.memcached, ("memcached",)),
    "mongo": (sanitizing.json_query, ("mongodb",)),
    "opensearch": (sanitizing.json_query, ("opensearch",)),
    "es": (sanitizing.json_query, ("elasticsearch",)),
}
_OF_BODIES: dict[Clean, Clean] = {sanitizing.sql: sanitizing.sql_in_text}


class Values:
    """The rules for texts."""

    def __init__(self, config: RedactionConfig) -> None:
        key = config.hmac_key.get_secret_value() if config.hmac_key else ""
        self.masking = Masking(config.blocked_values, instead_of(config.hash_function, key))
        self._allowed = Expressions(config.allowed_values)
        self._url = config.url_sanitizer
        self._fallback = config.db_sanitizer.allow_fallback_without_system
        named = ((name, getattr(config.db_sanitizer, name)) for name in _SYSTEMS)
        self._databases = [(*_SYSTEMS[name], getattr(one, "attributes", [])) for name, one in named if one.enabled]
        self.by_system = frozenset(key for _, _, attributes in self._databases for key in attributes)
        """Attributes whose reading depends on the database that the record names."""

    def allowed(self, texts: Sequence[str]) -> list[bool]:
        """Which of them stay as they are."""
        found: list[bool] = self._allowed.match(texts).tolist()
        return found

    def of_attribute(self, key: str, texts: Sequence[str], systems: Sequence[str]) -> list[str]:
        """Values of an attribute without what is blocked; `systems` names the database of each."""
        found = self.masking.masked(texts)
        if self._url.enabled and key in self._url.attributes:
            found = [sanitizing.url(one) for one in found]
        if key in self.by_system:
            found = [self._query(key, one, system.lower()) for one, system in zip(found, systems, strict=True)]
        return found

    def of_body(self, texts: Sequence[str]) -> list[str]:
        """Texts of a body without what is blocked."""
        found = self.masking.masked(texts)
        if self._url.enabled:
            found = [sanitizing.url(one) for one in found]
        for clean, _, _ in self._databases:
            found = [_OF_BODIES.get(clean, clean)(one) for one in found]
        return found

    def _query(self, key: str, value: str, system: str) -> str:
        for clean, systems, attributes in self._databases:
            if key in attributes and (system in systems or (not system and self._fallback)):
                value = clean(value)
                if system:
                    break
        return value


def as_text(value: Any) -> str:
    """Any value as the Collector writes it: bytes in base64, maps and lists as JSON."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else text(value) or ""
