"""Options of `redaction`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import SecretStr, field_validator, model_validator

from collector.component import Config

_LEAST_KEY = {"hmac-sha256": 32, "hmac-sha512": 64}


class Sanitizer(Config):
    """Values of one kind."""

    enabled: bool = False
    """Whether it is done."""
    attributes: list[str] = []
    """In which attributes; in bodies, too."""


class UrlSanitizer(Sanitizer):
    """Addresses: segments of paths that are no words become `*`, and queries go."""

    sanitize_span_name: bool = True
    """Accepted; no effect: about spans."""


class Obfuscator(Config):
    """Queries of one kind, in bodies."""

    enabled: bool = False
    """Whether it is done."""


class DbSanitizer(Config):
    """Queries to databases keep their shape and lose their values."""

    sanitize_span_name: bool = True
    """Accepted; no effect: about spans."""
    allow_fallback_without_system: bool = False
    """Also attributes of records that don't say `db.system.name` (or `db.system`)."""
    sql: Sanitizer = Sanitizer()
    """SQL."""
    redis: Sanitizer = Sanitizer()
    """Redis."""
    valkey: Sanitizer = Sanitizer()
    """Valkey."""
    memcached: Sanitizer = Sanitizer()
    """Memcached."""
    mongo: Sanitizer = Sanitizer()
    """MongoDB, as JSON."""
    opensearch: Obfuscator = Obfuscator()
    """OpenSearch, as JSON."""
    es: Obfuscator = Obfuscator()
    """Elasticsearch, as JSON."""


class RedactionConfig(Config):
    """What goes, and what is masked."""

    allow_all_keys: bool = False
    """All attributes stay; else those that `allowed_keys` does not name go, all of them where it is empty."""
    allowed_keys: list[str] = []
    """Attributes of records, resources and scopes, and keys of bodies, that stay."""
    ignored_keys: list[str] = []
    """Attributes that are not looked at."""
    ignored_key_patterns: list[str] = []
    """The same by expressions (RE2) that their names match."""
    blocked_key_patterns: list[str] = []
    """Attributes whose names match have all of their value masked."""
    blocked_values: list[str] = []
    """Expressions (RE2): what they find in texts is masked, one after the other."""
    allowed_values: list[str] = []
    """Values that one of these expressions is found in stay as they are."""
    redact_all_types: bool = False
    """Look at numbers, booleans, lists and maps, too, as texts; else only texts of attributes are."""
    hash_function: Literal["", "md5", "sha1", "sha3", "hmac-sha256", "hmac-sha512"] = ""
    """What stands in place of what is masked: left out, `****`, else its hash in hex."""
    hmac_key: SecretStr | None = None
    """Key of `hmac-…`, at least 32 bytes (`hmac-sha512`: 64); a secret."""
    summary: Literal["", "debug", "info", "silent"] = ""
    """`info`: attributes `redaction.….count` say how many keys were removed, masked, allowed and ignored; `debug`: and `redaction.….keys` which."""
    url_sanitizer: UrlSanitizer = UrlSanitizer()
    """Addresses."""
    db_sanitizer: DbSanitizer = DbSanitizer()
    """Queries to databases."""

    @field_validator("ignored_key_patterns", "blocked_key_patterns", "blocked_values", "allowed_values")
    @classmethod
    def _are_expressions(cls, given: list[str]) -> list[str]:
        if given:
            from collector.ottl.regex import problem_of  # loads polars: only where there is something to check

            for pattern in given:
                if (problem := problem_of(pattern)) is not None:
                    raise ValueError(f"error compiling regex in list: {problem}: `{pattern}`")
        return given

    @model_validator(mode="after")
    def _check(self) -> Self:
        least = _LEAST_KEY.get(self.hash_function, 0)
        key = self.hmac_key.get_secret_value() if self.hmac_key else ""
        if len(key.encode()) < least:
            raise ValueError(f"hmac_key must be at least {least} bytes long for {self.hash_function}")
        return self
