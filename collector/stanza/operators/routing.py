"""`router` and `filter`: which way entries go."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from collector.stanza.columns import Rows
from collector.stanza.expressions.expression import Expression
from collector.stanza.frame import Frame
from collector.stanza.operation import NO_ROWS, Done, Options
from collector.stanza.operators.moving import Add
from collector.stanza.problems import OperatorError


class Filter:
    """Drops what the expression holds for, or that share of it."""

    def __init__(self, options: Options) -> None:
        if not options.has("expr"):
            raise OperatorError("missing required field 'expr'")
        self._asked = Expression.of(options.take("expr"))
        ratio = options.take("drop_ratio", 1.0)
        if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio <= 1:
            raise OperatorError("drop_ratio must be a number between 0 and 1")
        self._ratio = float(ratio)

    def apply(self, frame: Frame, rows: Rows) -> Done:
        holds, failed = self._asked.mask(frame, rows)
        if self._ratio < 1:
            holds &= np.random.default_rng(random.getrandbits(64)).random(len(rows)) < self._ratio
        on = rows[~holds & ~failed]
        reason = "the expression has no value" if failed.any() else ""
        return Done(on, rows[failed], reason=reason)


class Router:
    """Each entry goes where the first expression that holds leads, or by `default`, or nowhere."""

    def __init__(self, options: Options) -> None:
        routes = options.take("routes", [])
        if not isinstance(routes, list) or not routes:
            raise OperatorError("missing required field 'routes'")
        self._routes = [self._route(each) for each in routes]
        self._default = ids_of(options.take("default", []))

    def _route(self, given: Any) -> tuple[Expression, list[str], list[Add]]:
        if not isinstance(given, Mapping):
            raise OperatorError("a route has expr and output")
        route = Options(given)
        expression, outputs = Expression.of(route.take("expr", "")), ids_of(route.take("output", []))
        labels = {**(route.take("attributes") or {}), **(route.take("labels") or {})}
        route.end()
        if not outputs:
            raise OperatorError("a route needs an output")
        return (
            expression,
            outputs,
            [Add(Options({"field": f'attributes["{key}"]', "value": labels[key]})) for key in labels],
        )

    @property
    def outputs(self) -> list[str]:
        """All the ids that it may lead to."""
        return [each for _, outputs, _ in self._routes for each in outputs] + self._default

    def apply(self, frame: Frame, rows: Rows) -> Done:
        to: list[tuple[list[str], Rows]] = []
        for asked, outputs, adds in self._routes:
            holds, _ = asked.mask(frame, rows)
            chosen, rows = rows[holds], rows[~holds]
            for add in adds if len(chosen) else []:
                add.apply(frame, chosen)
            to.append((outputs, chosen))
        to.append((self._default, rows))
        return Done(NO_ROWS, to=to)


def ids_of(given: Any) -> list[str]:
    """One id, or a list of them."""
    if isinstance(given, str):
        return [given] if given else []
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise OperatorError("an output is an id, or a list of ids")
    return list(given)
