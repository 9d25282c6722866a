"""Variables that are not set: told once, as the cause of what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from collector.errors import Problem
from collector.settings.tree import Mapping as Block
from collector.settings.tree import Node, Place, scalars


def with_causes(problems: Sequence[Problem], unset: Mapping[Place, str], root: Node) -> tuple[list[Problem], list[str]]:
    """The problems, those that come from a variable that is not set as that; and a warning for each
    variable that is not set elsewhere, with all the places where it stands.

    A value follows from the variable at its place, a complaint about a whole block from the first one within it.
    """
    within = dict(_blocks(root, unset)) if unset else {}
    told: dict[object, Problem] = {}
    causes: set[Place] = set()
    for problem in problems:
        place = Place(problem.file, problem.line, problem.column)
        cause = place if place in unset else within.get(place) if problem.code == "config/invalid-value" else None
        if cause is None:
            told.setdefault(problem, problem)
            continue
        causes.add(cause)
        told.setdefault(cause, _caused(problem, unset[cause], cause))
    elsewhere: dict[str, list[Place]] = {}
    for place, name in unset.items():
        if place not in causes:
            elsewhere.setdefault(name, []).append(place)
    return list(told.values()), [
        f"environment variable {name} is not set; its value is empty{_where(places)}"
        for name, places in elsewhere.items()
    ]


def _blocks(node: Node, unset: Mapping[Place, str]) -> Iterator[tuple[Place, Place]]:
    """The place of each block and its key → the first variable within it that is not set."""
    children = node.entries.values() if isinstance(node, Block) else ()
    for entry in children:
        first = next((scalar.place for _, scalar in scalars(entry.node) if scalar.place in unset), None)
        if first is not None:
            yield entry.place, first
            yield entry.node.place, first
            yield from _blocks(entry.node, unset)


def _caused(problem: Problem, name: str, place: Place) -> Problem:
    return replace(
        problem,
        message=f"environment variable {name} is not set: {problem.message}",
        file=place.file,
        line=place.line,
        column=place.column,
        code="config/unset-variable",
        hint=f"set {name}, or write ${{env:{name}:-default}}",
    )


def _where(places: Sequence[Place]) -> str:
    """All of them in one pair of brackets; a file is named once for those that stand in it."""
    told: dict[str, list[str]] = {}
    for place in places:
        if place.line:
            told.setdefault(place.file, []).append(f"{place.line}:{place.column}")
    files = (f"{file}:{', '.join(found)}" for file, found in told.items())
    return f" ({'; '.join(files)})" if told else ""
