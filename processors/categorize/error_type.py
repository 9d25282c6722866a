"""`logboom.error_type`: `exception` (an `exception.*` attribute or a stack trace in the body), `error` (severity ERROR
or above without one), else `none`. What a stack trace says is written to `exception.type`, `.message`, `.stacktrace`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from processors.categorize.stack_traces import MARKS, find
from processors.categorize.view import Clue, View, per_distinct

EXCEPTION, ERROR, NONE = "exception", "error", "none"
EXCEPTION_KEYS = ("exception.type", "exception.message", "exception.stacktrace")
ALIASES = ("error.stack_trace", "error.stack", "exc_info", "stack_trace", "stacktrace")
ALL = (*EXCEPTION_KEYS, *ALIASES)
SEVERITY_ERROR = 17
_PARTS = pl.Struct(dict.fromkeys(EXCEPTION_KEYS, pl.String()))


def parsed(view: View) -> dict[str, pl.Series] | None:
    """`exception.*` out of the bodies, null where there is no stack trace; None when no body has one."""
    marked = view.text.str.contains_any(list(MARKS)).fill_null(False)
    if not marked.any():
        return None
    distinct = view.text.filter(marked).unique()
    rows = [_row(body) for body in distinct.to_list()]
    if not any(rows):
        return None
    found = pl.Series(rows, dtype=_PARTS)
    columns = view.text.to_frame("body").join(
        pl.DataFrame([distinct.alias("body"), found.alias("found")]), on="body", how="left", maintain_order="left"
    )
    struct = columns.get_column("found").struct
    return {key: struct.field(key) for key in EXCEPTION_KEYS}


def _row(body: str) -> dict[str, str] | None:
    trace = find(body)
    if trace is None:
        return None
    values = (trace.type or None, trace.message or None, trace.text)
    return {key: value for key, value in zip(EXCEPTION_KEYS, values, strict=True) if value is not None}


def completed(view: View) -> dict[str, pl.Series]:
    """`exception.type` and `.message` out of the `exception.stacktrace` that was sent, where they are missing.

    Python's SDK sends the first argument as the message, which for an OSError is its bare number: that counts as
    missing.
    """
    trace = view.attribute("exception.stacktrace")
    if trace is None:
        return {}
    nothing = pl.repeat(None, len(view), dtype=pl.String, eager=True)
    filled: dict[str, pl.Series] = {}
    for key, part in (("exception.type", "type"), ("exception.message", "message")):
        sent = view.attribute(key)
        sent = nothing if sent is None else sent
        poor = trace.is_not_null() & (sent.is_null() | sent.str.contains(r"^\d*$"))
        if poor.any():
            found = per_distinct(trace.zip_with(poor, nothing), _part_of_trace(part))
            filled[key] = found.zip_with(found.is_not_null(), sent)
    return filled


def _part_of_trace(part: str) -> Callable[[str], str | None]:
    def answer(trace: str) -> str | None:
        found = find(trace)
        return getattr(found, part) or None if found is not None else None

    return answer


def clues(view: View, found: dict[str, pl.Series] | None) -> Iterator[Clue]:
    """`found`: what `parsed` gave."""
    yield from view.attribute_clues(EXCEPTION_KEYS, lambda value: EXCEPTION if value else None)
    yield from view.attribute_clues(ALIASES, lambda value: EXCEPTION if "\n" in value else None)
    if found is not None:
        yield Clue("stack trace in the body", _where(found["exception.stacktrace"].is_not_null(), EXCEPTION))
    severe = view.batch.column("severity_number") >= SEVERITY_ERROR
    yield Clue("severity_number", _where(severe, ERROR))
    yield Clue("default", pl.repeat(NONE, len(view), dtype=pl.String, eager=True))


def _where(mask: pl.Series, answer: str) -> pl.Series:
    return pl.select(pl.when(mask).then(pl.lit(answer))).to_series()
