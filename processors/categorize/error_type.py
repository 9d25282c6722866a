"""`logboom.error_type`: `exception` (an `exception.*` attribute or a stack trace in the body), `error` (severity ERROR
or above without one), else `none`. What a stack trace says is written to `exception.type`, `.message`, `.stacktrace`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.coded import Coded, constant, of_answers
from collector.memo import Memo, each
from processors.categorize.stack_traces import MARKS, find
from processors.categorize.view import Clue, Decision, View, always, decide

EXCEPTION, ERROR, NONE = "exception", "error", "none"
EXCEPTION_KEYS = ("exception.type", "exception.message", "exception.stacktrace")
ALIASES = ("error.stack_trace", "error.stack", "exc_info", "stack_trace", "stacktrace")
ALL = (*EXCEPTION_KEYS, *ALIASES)
SEVERITY_ERROR = 17
_POOR = re.compile(r"\d*")


def parsed(view: View) -> dict[str, Coded] | None:
    """`exception.*` out of the bodies, null where there is no stack trace; None when no body has one."""
    marked = view.holding(view.text, MARKS)
    if marked is None:
        return None
    places = marked.used(marked.codes)
    traces = [find(body) for body in marked.values.take(pa.array(places)).to_pylist()]
    if not any(traces):
        return None
    of_value = np.full(len(marked.values) + 1, -1, dtype=np.int32)
    of_value[places] = np.arange(len(places), dtype=np.int32)
    codes = of_value[marked.codes]
    parts = ("type", "message", "text")
    return {
        key: of_answers(codes, [getattr(trace, part) or None if trace else None for trace in traces])
        for key, part in zip(EXCEPTION_KEYS, parts, strict=True)
    }


def completed(view: View) -> dict[str, Decision]:
    """`exception.type` and `.message` out of the `exception.stacktrace` that was sent, where they are missing.

    Python's SDK sends the first argument as the message, which for an OSError is its bare number: that counts as
    missing.
    """
    trace = view.attribute("exception.stacktrace")
    if trace is None:
        return {}
    filled: dict[str, Decision] = {}
    for key, part in (("exception.type", _type_of), ("exception.message", _message_of)):
        sent = view.attribute(key)
        good = np.zeros(len(view), dtype=np.bool_) if sent is None else _good(sent)
        if (~good & (trace.codes >= 0)).any():
            found = Coded(np.where(good, np.int32(-1), trace.codes), trace.values)
            rest = [] if sent is None else [Clue("as sent", sent)]
            filled[key] = decide([Clue("stack trace", found, part), *rest], len(view))
    return filled


def _good(sent: Coded) -> npt.NDArray[np.bool_]:
    """Where a type or message was sent that says something."""
    says = [_POOR.fullmatch(value) is None for value in sent.values.to_pylist()]
    return np.array([*says, False], dtype=np.bool_)[sent.codes]


def _part_of_trace(part: str) -> Memo[str, str | None]:
    def answer(trace: str) -> str | None:
        found = find(trace)
        return getattr(found, part) or None if found is not None else None

    return each(answer, 512)


_type_of, _message_of = _part_of_trace("type"), _part_of_trace("message")


def _with_content(values: list[str]) -> list[str | None]:
    return [EXCEPTION if value else None for value in values]


def _with_lines(values: list[str]) -> list[str | None]:
    return [EXCEPTION if "\n" in value else None for value in values]


def clues(view: View, found: Mapping[str, Coded] | None) -> Iterator[Clue]:
    """`found`: what `parsed` gave."""
    yield from view.attribute_clues(EXCEPTION_KEYS, _with_content)
    yield from view.attribute_clues(ALIASES, _with_lines)
    if found is not None:
        yield Clue("stack trace in the body", found["exception.stacktrace"], always(EXCEPTION))
    yield Clue("severity_number", constant(view.severity >= SEVERITY_ERROR, ERROR))
    yield Clue("default", constant(np.ones(len(view), dtype=np.bool_), NONE))
