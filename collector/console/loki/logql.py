"""LogQL → what is asked. The grammar is `grammar.lark`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from collector.console.loki import selection
from collector.console.loki.selection import LABELS, Selection
from collector.console.loki.times import duration
from collector.console.refusal import Refused
from collector.query.sql import Clause

_LONGEST, _MOST_RANKED = 5120, 1000


@dataclass(frozen=True, slots=True)
class Metric:
    """Records within `range_` (ns) before each step, by labels.

    Args:
        sized: bytes of their lines, instead of how many.
        rate: for each second of the range.
        top: of each step only so many series, those of the highest values; below 0: of the lowest; 0: all.
    """

    selection: Selection
    sized: bool
    rate: bool
    range_: int
    by: Sequence[str]
    top: int = 0


@dataclass(frozen=True, slots=True)
class Number:
    """A value of no records."""

    value: float


def parse(text: str) -> Selection | Metric | Number:
    """Raises `Refused` in Loki's words."""
    if len(text) > _LONGEST:
        raise Refused(400, f"parse error : query is longer than {_LONGEST} characters")
    try:
        return cast("Selection | Metric | Number", _grammar().parse(text))
    except UnexpectedInput as error:
        where = f"line {max(error.line, 1)}, col {max(error.column, 1)}"
        raise Refused(400, f"parse error at {where}: syntax error: unexpected, or not answered by logboom") from None
    except VisitError as error:
        if isinstance(error.orig_exc, Refused):
            raise error.orig_exc from None
        raise


@cache
def _grammar() -> Lark:
    source = files("collector.console.loki").joinpath("grammar.lark").read_text("utf-8")
    return Lark(source, parser="lalr", lexer="contextual", transformer=_Asked(), maybe_placeholders=False)


class _Asked(Transformer[Token, Any]):
    """From the leaves on, without recursion."""

    def start(self, children: list[Any]) -> Any:
        return children[0]

    def selection(self, children: list[Any]) -> Selection:
        found = [each for each in children if each is not None]
        beside = [each for each in found if isinstance(each, Clause)]
        return Selection("", [each for each in found if not isinstance(each, Clause)], beside)

    def matcher(self, children: list[Token]) -> Any:
        return selection.label(str(children[0]), str(children[1]), _text(children[2]))

    def labelled(self, children: list[Token]) -> Any:
        op = str(children[1]).replace("==", "=")
        return selection.label(str(children[0]), op, _text(children[2]))

    def compared(self, children: list[Token]) -> Any:
        return selection.number(*(str(each) for each in children))

    def line(self, children: list[Token]) -> Clause:
        return selection.line(str(children[0]), _text(children[1]))

    def parsed(self, _: list[Token]) -> None:
        """Attributes are labels already."""

    dropped = parsed

    def by(self, children: list[Token]) -> Sequence[str]:
        return [name for name in dict.fromkeys(map(str, children)) if name in LABELS]

    def range(self, children: list[Any]) -> Metric:
        function, selected, size = children
        return Metric(selected, function.startswith("bytes"), function.endswith("rate"), duration(size), ())

    def each(self, children: list[Metric]) -> Metric:
        return replace(children[0], by=tuple(LABELS))

    def summed(self, children: list[Any]) -> Metric:
        found: Metric = children[-1]
        return replace(found, by=children[0] if len(children) > 1 else ())

    def summed_by(self, children: list[Any]) -> Metric:
        return self.summed(children[::-1])

    def ranked(self, children: list[Any]) -> Metric:
        function, count = children[:2]
        found: Metric = children[2]
        if not 0 < float(count) <= _MOST_RANKED or "." in count:
            raise Refused(
                400,
                f"parse error : invalid parameter (must be greater than 0, {_MOST_RANKED} at most) {function}({count}",
            )
        return replace(found, top=int(count) if function == "topk" else -int(count))

    def numbers(self, children: list[Any]) -> Number:
        return Number(sum(each for each in children if isinstance(each, float)))

    def vector(self, children: list[Token]) -> float:
        return float(children[0])


def _text(token: Token) -> str:
    try:
        text = token[1:-1] if token.startswith("`") else str(json.loads(token, strict=False))
        text.encode()
    except ValueError:
        raise Refused(400, f"parse error at line {token.line}, col {token.column}: invalid string") from None
    return text
