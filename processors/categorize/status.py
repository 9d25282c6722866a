"""`logboom.http_status`: the status of the HTTP answer that a record tells of, where `http.response.status_code` does not
say it as a number: other names of the attribute, a map of a request logger, a field of a JSON body, an access line.
Triage reads both.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from collector.batch import ValueKind
from collector.columns.dictionary import Coded
from collector.columns.memo import Memo, each
from processors.categorize import fields, first_look, known_keys
from processors.categorize.view import Clue, Decision, View

ATTRIBUTE = "logboom.http_status"
STANDARD = "http.response.status_code"
MAPS = ("res", "response", "resp", "httpRequest", "meta", "http")
KEYS = tuple(key for key in known_keys.STATUSES if key not in MAPS)
ALL = (*KEYS, *MAPS)

IN_LOGFMT = r'(?:^|\s)method="?(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"? (?:[\w.]+=(?:"[^"]*"|\S*) )*status="?'
"""What stands before the status in the lines of lograge, of Heroku's router and their like."""
_IN_A_LINE = (
    r'(?:HTTP/[\d.]+" '  # access lines, also of uvicorn
    r"|^\[GIN\] .{10,40}\| +|^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S* |^Completed "  # GIN, morgan, Rails
    r"|^(?:\w+ )?\d{4}-\d\d-\d\dT\S+ \S+ \S+ \S+(?: [\d.-]+){3} "  # AWS load balancers
    r"|:\d+ \[\d\d/\w{3}/\d{4}:[\d:.]+\] \S+ \S+ [\d/+-]+ "  # HAProxy
    rf"|{IN_LOGFMT}"
    r")([1-5]\d\d)(?:[ \"]|$)"
)


def _status(value: str) -> str | None:
    return value if len(value) == 3 and value.isdecimal() and "1" <= value[0] <= "5" else None


def _of_map(key: str) -> Memo[str, str | None]:
    return each(lambda value: fields.of_map(key, value, fields.status_of))


_plain = each(_status)
_in_a_map = {key: _of_map(key) for key in MAPS}


def _of_lines(lines: list[str]) -> list[str | None]:
    return pl.Series(lines, dtype=pl.String).str.extract(_IN_A_LINE).to_list()


_in_a_line = Memo(_of_lines)


def clues(view: View) -> Iterator[Clue]:
    """Attributes, maps, fields of a JSON body, lines."""
    yield from view.attribute_clues(KEYS, _plain)
    for key in MAPS:
        yield from view.attribute_clues((key,), _in_a_map[key])
    said = view.said("status")
    if said is not None:
        yield Clue("status in a JSON body", said)
    requests = view.holding(first_look.REQUEST)
    if requests is not None:
        yield Clue("status in the line", requests, _in_a_line)


def numbers(view: View, decided: Decision) -> Coded | None:
    """As integers, null where the standard attribute says it; None when there is nothing to add."""
    if not decided.labels:
        return None
    sent = view.batch.attribute(STANDARD, ValueKind.INT).is_not_null().to_numpy()
    codes = np.where(sent, np.int32(-1), decided.codes)
    if (codes < 0).all():
        return None
    return Coded(codes, pl.Series(list(map(int, decided.labels)), dtype=pl.Int64).to_arrow())
