"""`select`, `attributes` and `redact`: which records an exporter gets, and what of them. README.md tells the semantics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from collector.component import Config

Level = Literal["critical", "warning", "info", "debug"]
_SHOWN = 4
LEAST_KEY_BYTES = 16
"""A shorter key could be found by trying."""


def _compiles(condition: str) -> str:
    from collector.ottl import compile_condition  # loads polars: only where there are conditions to check

    compile_condition(condition)
    return condition


def _masks(pattern: str) -> str:
    import re2

    from collector.ottl.regex import problem_of

    problem = problem_of(pattern)
    if problem is not None:
        raise ValueError(f"not a regular expression of RE2: {problem}")
    found = (re2.search(pattern, text) for text in ("", " a1. "))
    if any(match is not None and not match.group() for match in found):
        raise ValueError("it matches the empty text: what should be hidden?")
    return pattern


Name = Annotated[str, Field(min_length=1)]
Condition = Annotated[str, AfterValidator(_compiles)]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(_masks)]


class SelectConfig(Config):
    """`select`: a record must be of one of the levels, of one of the domains, and meet one of the conditions."""

    levels: list[Level] = []
    """Only records of these triage levels; empty = all. Without `logboom.triage.level` the severity gives the level."""
    domains: list[Name] = []
    """Only records of these domains; `*` stands for any characters (`*.example.com`). Empty = all."""
    conditions: list[Condition] = []
    """Only records that meet at least one of these OTTL conditions, written as `when` of a triage rule; an error while
    evaluating is a no. Empty = all."""

    @property
    def everything(self) -> bool:
        """Nothing is left out."""
        return not (self.levels or self.domains or self.conditions)

    def told(self) -> list[str]:
        """For people, a clause each."""
        count = len(self.conditions)
        conditions = f"one of {count} conditions" if count > 1 else "a condition"
        told = [f"only levels {', '.join(self.levels)}"] if self.levels else []
        told += [f"only domains {_few(self.domains)}"] if self.domains else []
        return told + ([f"only records that meet {conditions}"] if count else [])


class AttributesConfig(Config):
    """`attributes`: which attributes of records, resources and scopes leave, by their top-level names."""

    allow: list[Name] = []
    """Only these attributes of records, resources and scopes are sent; `*` stands for any characters. Empty = all."""
    deny: list[Name] = []
    """These are not sent, also if `allow` names them."""

    @property
    def everything(self) -> bool:
        """Nothing is left out."""
        return not (self.allow or self.deny)

    def told(self) -> list[str]:
        """For people, a clause each."""
        told = [f"only attributes {', '.join(self.allow)}"] if self.allow else []
        return told + ([f"without attributes {', '.join(self.deny)}"] if self.deny else [])


class RedactConfig(Config):
    """`redact`: what of the records must not leave."""

    attributes: list[Name] = []
    """Attributes of records, resources and scopes, and keys inside maps (also of a body), at any depth. Case is ignored,
    `*` stands for any characters."""
    action: Literal["mask", "hash", "drop"] = "mask"
    """What happens to the values of `attributes`: `mask` writes `****`, `hash` 32 hex digits of a keyed HMAC-SHA256 (equal
    values stay equal), `drop` leaves the attribute out."""
    hash_key: SecretStr | None = None
    """Key of `hash`, at least 16 bytes; a secret."""
    patterns: list[Pattern] = []
    """Regular expressions (RE2) whose matches become `****` in string bodies, string attributes, and strings inside maps
    and arrays; where several match at one place, the first in the list counts."""

    @field_validator("hash_key")
    @classmethod
    def _is_long(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < LEAST_KEY_BYTES:
            raise ValueError(f"needs at least {LEAST_KEY_BYTES} bytes, such as `openssl rand -hex 32` makes")
        return key

    @field_validator("patterns")
    @classmethod
    def _work_together(cls, patterns: list[str]) -> list[str]:
        if len(patterns) > 1:
            from collector.ottl.regex import problem_of
            from collector.shaping.patterns import alternation

            problem = problem_of(alternation(patterns))
            if problem is not None:
                raise ValueError(f"they do not work together: {problem}")
        return patterns

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.action == "hash" and self.hash_key is None:
            raise ValueError("`action: hash` needs a `hash_key`, such as ${env:REDACT_KEY}")
        return self

    @property
    def nothing(self) -> bool:
        """Values leave as they are."""
        return not (self.attributes or self.patterns)

    def told(self) -> list[str]:
        """For people, a clause each. Patterns are counted: they may tell what a secret looks like."""
        count = len(self.patterns)
        verb = {"mask": "masks", "hash": "hashes", "drop": "drops"}[self.action]
        told = [f"{verb} {', '.join(self.attributes)}"] if self.attributes else []
        return told + ([f"masks {count} pattern{'s' if count > 1 else ''}"] if count else [])


def _few(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
