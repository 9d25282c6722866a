"""A line of the table, compiled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from collector.batch import LogBatch
from collector.client_info import NOTHING, Wanted
from collector.columns.tables import without_keys
from collector.connectors.routing.config import Route
from collector.ottl import Condition, OttlError, compile_condition, compile_statement, syntax
from collector.ottl.question import WRONG, YES, Question
from collector.ottl.regex import contains, problem_of
from collector.ottl.statements import Level
from collector.shaping.names import Names

_REQUEST = re.compile(r'\s*request\[("[^"]*")\]\s*(==|!=)\s*("(?:[^"\\]|\\.)*")\s*')
_EDITORS = ("route", "delete_key", "delete_matching_keys")


@dataclass(frozen=True, slots=True)
class Deletion:
    """Takes attributes out of what is routed: of records, or of their resources; a key, or keys that match."""

    of_resource: bool
    key: str = ""
    pattern: str = ""

    def apply(self, batch: LogBatch) -> LogBatch:
        """The batch without them."""
        if not self.of_resource:
            return batch.without_attributes(self._keys(batch.attributes, batch.derived.columns))
        own = batch.compact()  # other records may share the tables, not the resources
        return replace(
            own, resource_attributes=without_keys(own.resource_attributes, self._keys(own.resource_attributes))
        )

    def _keys(self, table: pl.DataFrame, more: Sequence[str] = ()) -> list[str]:
        if not self.pattern:
            return [self.key]
        known = pl.DataFrame({"key": [*table.get_column("key").unique(), *more]}, {"key": pl.String})
        return known.filter(contains(pl.col("key"), self.pattern)).get_column("key").to_list()


@dataclass(frozen=True, slots=True)
class AskedInTurn:
    """A condition about what came with requests: once for each that is distinct."""

    question: Question

    def evaluate(self, batch: LogBatch) -> pl.Series:
        """As a `Condition` does: null where evaluating is an error."""
        answers, _ = self.question.answers(batch)
        told = pl.Series(answers == YES, dtype=pl.Boolean)
        return told.set(pl.Series(answers == WRONG), None)


@dataclass(frozen=True, slots=True)
class CompiledRoute:
    """Which records, what is taken out of them, and where they go."""

    pipelines: Sequence[str]
    moves: bool
    condition: Condition | AskedInTurn | None
    domains: Names
    deletion: Deletion | None

    def asks(self, batch: LogBatch) -> pl.Series:
        """One answer a record: true, false, or null where evaluating is an error."""
        answer = (
            pl.repeat(True, len(batch), dtype=pl.Boolean, eager=True)
            if self.condition is None
            else self.condition.evaluate(batch)
        )
        return answer & pl.Series(self.domains.rows(batch.column("domain"))) if self.domains else answer

    @property
    def asks_of_clients(self) -> Wanted:
        """What it reads of requests."""
        return self.condition.question.asks_of_clients if isinstance(self.condition, AskedInTurn) else NOTHING


def compile_route(route: Route, *, always_copies: bool = False) -> CompiledRoute:
    """Raises `OttlError`, with the position of the mistake."""
    context = route.context or "resource"
    condition, deletion = None, None
    if route.condition:
        condition = _condition(route.condition, context)
    elif route.statement:
        editor, condition = compile_statement(route.statement, context)
        deletion = _deletion(editor, route.statement, context)
    moves = route.action == "move" and not always_copies
    return CompiledRoute(route.pipelines, moves, condition, Names(route.domains, ignore_case=True), deletion)


def _condition(text: str, context: str) -> Condition | AskedInTurn:
    if context == "request":
        found = _REQUEST.fullmatch(text)
        if found is None:
            raise OttlError('a condition about a request is request["header"] == "value", or with !=', text, 0)
        header, operator, value = found.groups()
        values = f"otelcol.client.metadata[{header}]"
        text = f"{values} != nil and {values}[0] {operator} {value}"
    elif context != "otelcol" and "otelcol." not in text:
        return compile_condition(text, context=context)
    question = Question(text, Level.RESOURCE if context == "resource" else Level.RECORD, stops=False, tells=False)
    question.check()
    return AskedInTurn(question)


def _deletion(editor: syntax.Call, text: str, context: str) -> Deletion | None:
    if editor.name not in _EDITORS:
        raise OttlError(f"{editor.name} is not possible here: there are {', '.join(_EDITORS)}", text, editor.at)
    if editor.name == "route":
        if editor.arguments or editor.named:
            raise OttlError("route() takes nothing", text, editor.at)
        return None
    match editor.arguments:
        case (syntax.Path() as path, syntax.Literal(str() as name)):
            of_resource = _of_resource(path, text, context)
        case _:
            raise OttlError(
                f'{editor.name} takes attributes and a text: {editor.name}(attributes, "x")', text, editor.at
            )
    if editor.name == "delete_key":
        return Deletion(of_resource, key=name)
    if (problem := problem_of(name)) is not None:
        raise OttlError(f"not a regular expression of RE2: {problem}", text, editor.at)
    return Deletion(of_resource, pattern=name)


def _of_resource(path: syntax.Path, text: str, context: str) -> bool:
    if path.dotted == "attributes":
        return context == "resource"
    if path.dotted in ("resource.attributes", "log.attributes"):
        return path.dotted == "resource.attributes"
    raise OttlError(f"{path.dotted}: attributes, log.attributes or resource.attributes", text, path.at)
