"""Options of `redact`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from collector.component import Config
from collector.shaping.config import LEAST_KEY_BYTES

Class = Literal["email", "card", "iban", "national_id", "phone", "ip", "token", "secret"]
Action = Literal["mask", "hash", "drop", "truncate", "encrypt"]
Name = Annotated[str, Field(min_length=1)]
DEFAULT: list[Class] = ["email", "card", "iban", "token", "secret"]
_COPIES = "it keeps what it sees of values, or puts it into events, before they are hidden"


class RedactConfig(Config):
    """What is looked for, and what becomes of it."""

    classes: list[Class] = DEFAULT
    """What is looked for: `email`; `card`: numbers of payment cards; `iban`; `national_id`: ids of persons, of 40 countries; `phone`; `ip`; `token`: tokens and
    keys by the form that 60 makers gave them, JSON Web Tokens, private keys, keys of logboom; `secret`: by name (`password=…`, an attribute `api_key`) or place (`Authorization`,
    cookies, `://user:password@`)."""
    attributes: list[Name] = []
    """Attributes of records, resources and scopes, and keys inside maps (also of a body), at any depth, whose values are hidden whole. Case is ignored, `*` stands for any
    characters."""
    action: Action = "mask"
    """What becomes of what is found: `mask` writes `****` (of an `ip` its network remains, /24 or /48), `hash` a keyed hash (`hmac:…`; equal values stay equal), `truncate` leaves what tells
    kinds apart (last digits, domain, front), `encrypt` makes it readable for whoever has the keys (`enc:1:…`), `drop` leaves the attribute or the pair of a map out (in a body's text it masks)."""
    actions: dict[Class | Literal["attributes"], Action] = {}
    """Another action for some classes, or for `attributes`."""
    hash_key: SecretStr | None = None
    """Key of `hash`, at least 16 bytes; a secret. Without, the key of the record's domain (`service.encryption`) is used."""
    allow: list[Name] = []
    """What is found and stays: texts, `*` stands for any characters (`*@example.com`). Case is ignored."""
    ignored_keys: list[Name] = []
    """Attributes, and keys inside maps, that are not looked at; `*` stands for any characters. Ids (`trace_id`, `span_id`, `log.record.uid`, `logboom.pattern.id` …) never are."""

    @field_validator("hash_key")
    @classmethod
    def _is_long(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < LEAST_KEY_BYTES:
            raise ValueError(f"needs at least {LEAST_KEY_BYTES} bytes, such as `openssl rand -hex 32` makes")
        return key

    def action_of(self, cls: str) -> Action:
        """What becomes of a class, or of `attributes`."""
        chosen = self.actions.get(cls, self.action)  # type: ignore[call-overload]
        return "truncate" if cls == "ip" and chosen == "mask" else chosen

    @property
    def asks_for_keys(self) -> bool:
        """Something is done with keys of domains."""
        done = {self.action_of(cls) for cls in (*self.classes, *(["attributes"] if self.attributes else []))}
        return "encrypt" in done or ("hash" in done and self.hash_key is None)

    def goes_before(self) -> Mapping[str, str]:
        """Processors that must not see what it hides."""
        return dict.fromkeys(
            ("patterns", "anomalies", "issues", "aggregate", "log_dedup", "triage", "categorize"), _COPIES
        )
