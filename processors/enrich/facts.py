"""Facts of many keys, as sources give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

Facts = Mapping[str, Any]


class Asked(NamedTuple):
    """What is looked up; `domain` is empty where all have the same facts."""

    key: str
    domain: str = ""


class Unanswered(Exception):
    """A source could not be asked; the text says why, without a secret."""


class Source(Protocol):
    """Answers from a thread of its own. `ask` takes up to `batch` keys, of one domain."""

    batch: int
    concurrency: int

    def open(self) -> None:
        """Before each question, in the thread that asks; what is open stays. Raises `Unanswered`."""
        ...

    def ask(self, asked: list[Asked]) -> Mapping[Asked, Facts]:
        """The facts of those that it knows. Raises `Unanswered`."""
        ...

    def close(self) -> None: ...


def by_key(answer: Any, key_field: str) -> dict[str, Facts]:
    """Key → facts, of an object by key or a list of objects. Raises `Unanswered` for anything else."""
    if isinstance(answer, dict):
        return {key: facts for key, facts in answer.items() if isinstance(facts, dict)}
    if isinstance(answer, list):
        named = (each for each in answer if isinstance(each, dict) and key_field in each)
        return {
            str(each[key_field]): {name: fact for name, fact in each.items() if name != key_field} for each in named
        }
    raise Unanswered("it gave neither an object nor a list")


def member(answer: Any, path: str) -> Any:
    """What lies at `data.users`; None where nothing does."""
    for part in path.split(".") if path else ():
        answer = answer.get(part) if isinstance(answer, dict) else None
    return answer


def chosen(facts: Facts, fields: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """Attribute → value of one key."""
    if fields:
        found: Iterable[tuple[str, Any]] = ((name, member(facts, path)) for path, name in fields.items())
    else:
        found = ((prefix + name, value) for name, value in facts.items())
    return {name: value for name, value in found if isinstance(value, str | bool | int | float)}
