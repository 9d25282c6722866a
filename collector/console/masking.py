"""What is about people is masked on the way out of the store: in every row that a question of the console is given, whichever page, answer, tail or
tool asked it. So a new way to show records masks them without doing anything for it; who may see them plain asks so by name (`plain`).

Texts are looked through by the classes of `collector.privacy.classes`; JSON value by value, so that it stays JSON; names and ids of logboom's own stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import orjson

from collector.encryption.keys import FIELD
from collector.extensions.console.config import ConsoleConfig
from collector.privacy.classes.scanner import MASK, scanner
from collector.query.sql import HIDDEN
from collector.store.reading import Answer

LOCK = "🔒 encrypted"
"""In the place of what is encrypted with a key of its domain."""
_OURS = frozenset(
    {"record_id", "domain", "trace_id", "span_id", "pattern_id", "issue_id", "event_id", "merged_into", "group_id", "silence_id", "response_id",
     "deployment_id", "version"}
)  # fmt: skip
"""Columns whose values are ids of logboom's own; what a sender calls so in a map is left alone only where it looks like one."""
_ID = re.compile(r"(?=[0-9-]*[a-z])[0-9a-z-]{8,64}|[0-9A-HJKMNP-TV-Z]{26}")
_SEALED = re.compile(rf"{FIELD}[\w.-]+:[\w+/=-]+")
_SHORTEST, _REMEMBERED, _LONGEST_REMEMBERED = 6, 4096, 512
_DIGITS = 10**8


class Masks:
    """Of some classes. Safe from any thread."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._scanner = scanner(tuple(classes))
        self._remembered = lru_cache(_REMEMBERED)(self._masked)
        self._secret = lru_cache(_REMEMBERED)(self._names_secret)

    def text(self, text: str) -> str:
        """Without what belongs to the classes."""
        return self._remembered(text) if len(text) <= _LONGEST_REMEMBERED else self._masked(text)

    def value(self, value: Any, name: str = "") -> Any:
        """Of whatever JSON holds, below a name."""
        match value:
            case str():
                return self._cell("" if name in _OURS and _ID.fullmatch(value) is None else name, value)
            case dict():
                return {self.text(str(key)): self._member(str(key), each) for key, each in value.items()}
            case list() | tuple():
                return [self.value(each, name) for each in value]
            case bool() | None:
                return value
            case float() if value.is_integer() and abs(value) < 1 << 63:
                whole = self.value(int(value), name)
                return whole if whole == MASK else value
            case int() | float() if abs(value) > _DIGITS:
                return self._number(name, value)
            case _:
                return value

    def row(self, cursor: Any, row: Sequence[Any]) -> tuple[Any, ...]:
        """As SQLite's `row_factory`."""
        return tuple(
            self._column(column[0], cell) if isinstance(cell, str) else cell
            for column, cell in zip(cursor.description, row, strict=True)
        )

    def record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The same by names of columns."""
        return {name: self._cell(name, cell) if isinstance(cell, str) else cell for name, cell in row.items()}

    def answer(self, answer: Answer) -> Answer:
        """The same of an answer whose rows are not made by SQLite."""
        return _Masked(self, answer)

    def _column(self, name: str, text: str) -> str:
        """One that is called `secret` holds nothing else, for whoever counts by the values of `password` leaves its name behind."""
        return MASK if name == HIDDEN and self._secret(name) else self._cell(name, text)

    def _cell(self, name: str, text: str) -> str:
        if len(text) < _SHORTEST or name in _OURS:
            return text
        if text[0] in "{[":
            return self._json(text, name)
        return self.text(text)

    def _json(self, text: str, name: str) -> str:
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError:  # cut by a limit
            return self._masked(text)
        shown = self.value(given, name)
        return text if shown == given else orjson.dumps(shown).decode()

    def _member(self, key: str, value: Any) -> Any:
        return self._without(value) if self._secret(key) else self.value(value, key)

    def _without(self, value: Any) -> Any:
        """What stands below the name of a secret, however deep."""
        match value:
            case None | bool():
                return value
            case dict():
                return {self.text(str(key)): self._without(each) for key, each in value.items()}
            case list() | tuple():
                return [self._without(each) for each in value]
            case _:
                return MASK

    def _names_secret(self, key: str) -> bool:
        """Whether a value is a secret because of its name: `password`."""
        return self._masked(f"{key[-100:]}=a7Kq9-zV2x").endswith(MASK)

    def _number(self, name: str, value: float) -> Any:
        """A card's number may be sent as one. Times are not looked at."""
        if name in _OURS or name.endswith(("_unix_nano", "_nano", "time", "timestamp")):
            return value
        text = str(value)
        return value if self.text(text) == text else MASK

    def _masked(self, text: str) -> str:
        return self._scanner.hidden(_SEALED.sub(LOCK, text), lambda _cls, _found: MASK)


@runtime_checkable
class Maskable(Protocol):
    """A connection whose answers can be masked: of a file, of D1."""

    def mask(self, masks: Masks | None) -> None: ...


def mask(connection: object, masks: Masks | None) -> None:
    """From here on; None: no more. Raises `TypeError`: the connection can't, and is not to be asked then."""
    if isinstance(connection, Maskable):
        connection.mask(masks)
    elif masks is not None:
        raise TypeError(f"answers of {type(connection).__name__} can't be masked")


class _Masked:
    def __init__(self, masks: Masks, answer: Answer) -> None:
        self.description = answer.description
        self._masks, self._answer = masks, answer

    def fetchone(self) -> Any:
        """As `Answer` has it."""
        row = self._answer.fetchone()
        return None if row is None else self._masks.row(self, row)

    def fetchall(self) -> list[Any]:
        """As `Answer` has it."""
        return [self._masks.row(self, row) for row in self._answer.fetchall()]

    def __iter__(self) -> Iterator[Any]:
        return (self._masks.row(self, row) for row in self._answer)


def masks_of(options: ConsoleConfig) -> Masks | None:
    """As the options have it."""
    return Masks(options.redact.classes) if options.redacts else None


def unsealed(row: Mapping[str, Any], opened: Callable[[str, str, str], str]) -> dict[str, Any]:
    """A row with what is encrypted in it opened.

    Args:
        opened: (domain, attribute, sealed text) → the plain text, or what is said in its place.
    """
    domain = str(row.get("domain") or "")

    def of(value: Any, name: str) -> Any:
        match value:
            case str() if value[:1] in "{[" and FIELD in value:
                try:
                    return orjson.dumps(of(orjson.loads(value), name)).decode()
                except orjson.JSONDecodeError:
                    return _plain(value, name)
            case str():
                return _plain(value, name)
            case dict():
                return {key: of(each, str(key)) for key, each in value.items()}
            case list():
                return [of(each, name) for each in value]
            case _:
                return value

    def _plain(text: str, name: str) -> str:
        return _SEALED.sub(lambda found: opened(domain, name, found[0]), text)

    return {name: of(value, name) for name, value in row.items()}
