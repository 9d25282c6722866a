"""What is erased, or handed out: the records of a person, or all of a domain, as places that hold them are told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from collector.base32 import first_record_id
from collector.errors import LogboomError

ERASED = "***"
"""What stands in the place of a person's value, in texts that stay."""


@dataclass(frozen=True)
class Subject:
    """A person, as records name them: one of the attributes has the value, whatever its type, at any depth of a map.

    Args:
        in_texts: whatever text holds the value as a word is theirs, too.
    """

    attributes: tuple[str, ...]
    value: str
    in_texts: bool = False

    def named_in(self, document: Any, path: str = "") -> bool:
        """Whether a document of plain values (maps, lists, scalars) names them: `{"user": {"id": 42}}` as `{"user.id": "42"}` does.
        `path`: the key under which it stands."""
        return self.value in self.values_in(document, path)

    def values_in(self, document: Any, path: str = "") -> Iterator[str]:
        """What stands under the names of the attributes in a document, as text."""
        if isinstance(document, dict):
            for key, value in document.items():
                yield from self.values_in(value, f"{path}.{key}" if path else str(key))
        elif isinstance(document, list):
            for value in document:
                yield from self.values_in(value, path)
        elif self._is_theirs(path) and (text := text_of(document)) is not None:
            yield text

    def read_in(self, text: str) -> bool:
        """Whether a text holds the value as a word: no letter or digit stands beside it."""
        return self.value in text and self.word.search(text) is not None

    def hidden_in(self, text: str) -> str:
        """The text with `ERASED` in the place of the value, wherever it is a word."""
        return self.word.sub(ERASED, text) if self.value in text else text

    def hidden_within(self, document: Any) -> Any:
        """A document of plain values with all its texts so, keys of maps, too."""
        if isinstance(document, str):
            return self.hidden_in(document)
        if isinstance(document, dict):
            return {self.hidden_within(key): self.hidden_within(value) for key, value in document.items()}
        if isinstance(document, list | tuple):
            return [self.hidden_within(value) for value in document]
        return document

    @cached_property
    def word(self) -> re.Pattern[str]:
        """The value as a word."""
        return re.compile(rf"(?<![^\W_]){re.escape(self.value)}(?![^\W_])")

    def _is_theirs(self, path: str) -> bool:
        return any(path == name or path.endswith(f".{name}") for name in self.attributes)


def text_of(value: object) -> str | None:
    """A scalar as a person writes it in a command; None: it is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be erased of a domain.

    Args:
        id: of the command; the same at each attempt.
        subject: whose records; None: all of the domain.
        received_before_unix_nano: what was received later stays.
        counts_only: nothing is changed, only counted.
        sole_domain: the service has no other one.
    """

    id: str
    domain: str
    subject: Subject | None
    received_before_unix_nano: int
    counts_only: bool = False
    sole_domain: bool = False

    @property
    def before_record_id(self) -> str:
        """The ids of the records that were received in time are smaller."""
        return first_record_id(self.received_before_unix_nano // 1_000_000)


class NotErasable(LogboomError):
    """A destination can't tell, or delete, what is meant, and no other attempt would; the sentence says what people must do."""


class ErasedSlice(NamedTuple):
    """One bounded piece of the work at a destination.

    Args:
        records: that were deleted, or found where they are only counted.
        after: where to go on; None: that was all.
    """

    records: int
    after: str | None


class FoundSlice(NamedTuple):
    """One bounded piece of what a destination holds of a subject, to be handed out.

    Args:
        records: a JSON object each, as the destination keeps them, with `record_id`, `domain` and `time_unix_nano`.
        after: where to go on; None: that was all.
    """

    records: Sequence[dict[str, Any]]
    after: str | None
