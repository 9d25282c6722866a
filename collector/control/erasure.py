"""The command that erases: as a client makes it, and as its owner reads it. Its value is a person's, so the record loses it as soon as it is
carried out: what goes on to stores and exporters is a keyed hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.control.record import Value
from collector.reserved import SUBJECT_VALUE

_ATTRIBUTE, _ALL = "logboom.subject.attribute", "logboom.erasure.all"
_BEFORE, _TEXTS, _DRY = "logboom.erasure.before", "logboom.erasure.texts", "logboom.erasure.dry_run"
MOST_VALUE = 1024
_MOST_ATTRIBUTE = 200


class NoErasure(ValueError):
    """It is none; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to be erased.

    Args:
        attribute: of the subject; empty: each that the configuration names.
        value: of the subject; empty: all of the domain.
        before_unix_nano: what was received later stays; 0 = until the command is carried out.

    Raises:
        NoErasure: a part of it is missing, or too long.
    """

    value: str = ""
    attribute: str = ""
    before_unix_nano: int = 0
    in_texts: bool = False
    dry_run: bool = False
    everything: bool = False

    def __post_init__(self) -> None:
        if self.everything == bool(self.value):
            raise NoErasure("name a subject (user.id=42), or all of the domain: one of both")
        if len(self.value) > MOST_VALUE or len(self.attribute) > _MOST_ATTRIBUTE or "\0" in self.value:
            raise NoErasure(f"a value has at most {MOST_VALUE} characters, the name of an attribute {_MOST_ATTRIBUTE}")
        if not 0 <= self.before_unix_nano < 1 << 63:
            raise NoErasure("a time after 1970 is needed")

    @classmethod
    def subject(
        cls, written: str, *, before_unix_nano: int = 0, in_texts: bool = False, dry_run: bool = False
    ) -> Asked:
        """Of `attribute=value`, or a value alone."""
        attribute, equals, value = written.partition("=")
        if not equals:
            attribute, value = "", written
        return cls(value.strip(), attribute.strip(), before_unix_nano, in_texts, dry_run)

    def attributes(self, configured: Sequence[str]) -> tuple[str, ...]:
        """The attributes that may name the subject."""
        return (self.attribute,) if self.attribute else tuple(configured)

    def of_command(self) -> dict[str, Value]:
        """Of the command."""
        said: dict[str, Value] = {
            SUBJECT_VALUE: self.value, _ATTRIBUTE: self.attribute, _BEFORE: self.before_unix_nano, _TEXTS: self.in_texts,
            _DRY: self.dry_run, _ALL: self.everything,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}

    @classmethod
    def of_attributes(cls, said: Mapping[str, Value]) -> Asked:
        """From a command."""
        before = said.get(_BEFORE, 0)
        return cls(
            str(said.get(SUBJECT_VALUE, "")),
            str(said.get(_ATTRIBUTE, "")),
            before if isinstance(before, int) else 0,
            said.get(_TEXTS) is True,
            said.get(_DRY) is True,
            said.get(_ALL) is True,
        )
