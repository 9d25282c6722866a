"""Operators in their order: which leads to which, what is asked before each, what becomes of entries that one can't do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from collector.stanza.columns import Rows
from collector.stanza.expressions.expression import Expression
from collector.stanza.frame import Frame
from collector.stanza.operation import Operator, Options
from collector.stanza.operators import OPERATORS, REPLACED
from collector.stanza.operators.recombine import Recombine
from collector.stanza.operators.routing import Router, ids_of
from collector.stanza.problems import OperatorError, within

_ON_ERROR = ("send", "send_quiet", "drop", "drop_quiet")
END = ""
"""Where entries leave."""


@dataclass(frozen=True, slots=True)
class Node:
    """An operator in its place.

    Args:
        outputs: where its entries go; `END` leads out.
        asked: entries for which it does not hold pass by.
        drops: entries that it can't do are dropped.
        quiet: nothing is logged of them.
    """

    id: str
    kind: str
    operator: Operator
    outputs: Sequence[str]
    asked: Expression | None = None
    drops: bool = False
    quiet: bool = False

    @property
    def recombine(self) -> Recombine | None:
        """What it puts together, where it does."""
        if isinstance(self.operator, Recombine):
            return self.operator
        inner = getattr(self.operator, "recombine", None)
        return inner if isinstance(inner, Recombine) else None

    @property
    def leads_to(self) -> list[str]:
        """All that it may lead to."""
        routes = self.operator.outputs if isinstance(self.operator, Router) else []
        return [each for each in (*routes, *self.outputs) if each != END]


@dataclass(slots=True)
class Course:
    """What became of the entries of a frame: rows that left, and by node and reason those that failed, and how many were dropped for it."""

    out: Rows
    failed: Counter[tuple[str, str]]
    dropped: int = 0


class Graph:
    """Operators of one configuration. Not for several threads."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self._first = nodes[0].id if nodes else END
        self._order = _ordered(nodes)

    def run(self, frame: Frame, at: str | None = None, rows: Rows | None = None) -> Course:
        """Take entries from an operator on (the first, unless one is named) to their end."""
        waiting: dict[str, list[Rows]] = {}
        course = Course(np.zeros(0, dtype=np.int64), Counter())
        start = self._first if at is None else at
        waiting.setdefault(start, []).append(np.arange(frame.height) if rows is None else rows)
        for name in self._order:
            arrived = waiting.pop(name, [])
            if arrived:
                self._step(self.nodes[name], frame, _merged(arrived), waiting, course)
        course.out = _merged(waiting.get(END, []))
        return course

    def after(self, node: str) -> Sequence[str]:
        """Where entries of an operator go."""
        return self.nodes[node].outputs

    def _step(self, node: Node, frame: Frame, rows: Rows, waiting: dict[str, list[Rows]], course: Course) -> None:
        passing = rows[:0]
        if node.asked is not None and len(rows):
            holds, failed = node.asked.mask(frame, rows)
            if failed.any():
                course.failed[node.id, "`if` has no value"] += int(failed.sum())
                course.dropped += int(failed.sum()) if node.drops else 0
            passing, rows = rows[~holds & ~failed] if node.drops else rows[~holds], rows[holds]
        if len(rows):
            did = node.operator.apply(frame, rows)
            if len(did.failed):
                course.failed[node.id, did.reason] += len(did.failed)
                course.dropped += len(did.failed) if node.drops else 0
            on = did.on if node.drops or not len(did.failed) else np.concatenate([did.on, did.failed])
            if isinstance(node.operator, Router) and len(did.failed) == 0:
                for outputs, chosen in did.to:
                    self.hand_on(outputs, chosen, frame, waiting)
            rows = on
        if len(passing) or len(rows):
            self.hand_on(node.outputs, np.concatenate([rows, passing]) if len(passing) else rows, frame, waiting)

    def hand_on(self, outputs: Sequence[str], rows: Rows, frame: Frame, waiting: dict[str, list[Rows]]) -> None:
        """To each of the outputs; to all but the first as entries of their own."""
        if not len(rows):
            return
        for number, output in enumerate(outputs):
            waiting.setdefault(output, []).append(rows if number == 0 else frame.repeat(rows))


def _merged(arrived: Sequence[Rows]) -> Rows:
    if not arrived:
        return np.zeros(0, dtype=np.int64)
    rows = arrived[0] if len(arrived) == 1 else np.concatenate(arrived)
    return rows if len(arrived) == 1 and (np.diff(rows) > 0).all() else np.sort(rows)


def _ordered(nodes: Sequence[Node]) -> list[str]:
    sorter = TopologicalSorter[str]({node.id: [] for node in nodes})
    for node in nodes:
        for output in node.leads_to:
            sorter.add(output, node.id)
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise OperatorError(f"operators lead in a circle: {' → '.join(map(str, error.args[1]))}") from None


def graph_of(configured: Sequence[Mapping[str, Any]]) -> Graph:
    """The operators of a configuration. Raises `OperatorError`."""
    named = [(_id_of(given, number), given) for number, given in enumerate(configured)]
    ids = [name for name, _ in named]
    twice = [name for name, times in Counter(ids).items() if times > 1]
    ids = _told_apart(named) if twice else ids
    nodes = []
    for at, (_, given) in enumerate(named):
        following = ids[at + 1] if at + 1 < len(ids) else END
        with within(f"operators[{at}] ({given.get('type')})"):
            nodes.append(_node(ids[at], given, following, ids))
    return Graph(nodes)


def _told_apart(named: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Operators without an id of their own are called like their type, with a number from the second on."""
    seen: Counter[str] = Counter()
    found = []
    for name, given in named:
        if given.get("id") and any(other is not given and other.get("id") == name for _, other in named):
            raise OperatorError(f"two operators have the id {name!r}")
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}{seen[name] - 1}")
    return found


def _id_of(given: Any, number: int) -> str:
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        raise OperatorError(f"operators[{number}]: missing required field 'type'")
    return str(given.get("id") or given["type"])


def _node(name: str, given: Mapping[str, Any], following: str, ids: Sequence[str]) -> Node:
    options = Options(given)
    kind = options.take("type")
    options.take("id")
    make = OPERATORS.get(kind)
    if make is None:
        instead = REPLACED.get(kind)
        raise OperatorError(f"unsupported type '{kind}'" + (f": use {instead}" if instead else ""))
    outputs = ids_of(options.take("output", []))
    on_error = options.take("on_error", "send")
    if on_error not in _ON_ERROR:
        raise OperatorError(f"invalid `on_error` field {on_error!r}: {', '.join(_ON_ERROR)}")
    condition = Expression.of(options.take("if")) if options.has("if") else None
    operator = make(options)
    options.end()
    node = Node(
        name, kind, operator, outputs or [following], condition, on_error.startswith("drop"), on_error.endswith("quiet")
    )
    unknown = [each for each in node.leads_to if each not in ids]
    if unknown:
        raise OperatorError(f"output {unknown[0]!r} is no operator")
    return node
