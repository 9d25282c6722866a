"""`logboom.error_type`: `exception` (an `exception.*` attribute, a stack trace or a map of an error in other attributes or
in the body, or the first line of a trace), `error` (severity ERROR or above without one), else `none`. What a stack trace
says is written to `exception.type`, `.message`, `.stacktrace`.

An `error` value of Go, which its bridges write to `exception.type` and `.message`, is an error: an exception of Go is a
panic or has a stack trace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import re2

from collector.columns.dictionary import Coded, constant, of_answers
from collector.columns.memo import Memo, each
from collector.lines.stack_traces import find
from processors.categorize import fields, first_look
from processors.categorize.view import Clue, Decision, View, always, decide

EXCEPTION, ERROR, NONE = "exception", "error", "none"
EXCEPTION_KEYS = ("exception.type", "exception.message", "exception.stacktrace")
_TRACES = ("error.stack_trace", "error.stack", "exc_info", "stack_trace", "stacktrace", "stackTrace")
TELLING = (*_TRACES, "stack", "err", "error", "exception", "exc", "exceptions", "panic", "errorStack")
"""Attributes other than `exception.*` that may tell of an exception: a stack trace, or a map of its parts."""
ALL = (*EXCEPTION_KEYS, *TELLING, "error.type")
SEVERITY_ERROR = 17
_POOR = re.compile(r"\d*")
_EXCEPTION_NAME = re.compile(r"[a-z](?:Error|Exception|Fault)$")
_EXCEPTION_LINE = re.compile(r"(?:[a-z_]\w*\.){2,}[A-Z]\w*(?:Exception|Error)(?::|\s|$)")
"""What a JVM and Python say of an exception before its frames; below ERROR such a line names one that was dealt with."""
_PANIC = re.compile(r"(?i)panic|^runtime\.")
_HEAD = 256
_CUT = re2.Set.SearchSet()
"""First lines of stack traces whose other lines went apart."""
for _line in (
    r"Exception in ASGI application\s*$",
    r"Exception on \S+ \[[A-Z]+\]",
    r"^(?:\S+ ){0,4}Traceback \(most recent call last\):\s*$",
    r'^Exception in thread "',
    r"(?:^|\s)panic: ",
    r"^fatal error: (?:all goroutines|concurrent map|runtime|unexpected signal|stack overflow)",
    r"http: panic serving ",
    r"thread '[^']*'(?: \(\d+\))? panicked at ",
    r"(?i)^(?:\S+ ){0,4}unhandled exception\b",
    r"^(?:\S+ ){0,4}Uncaught (?:\(in promise\) )?\w*(?:Error|Exception)\b",
    r"PHP Fatal error:  Uncaught ",
    r"^terminate called after throwing",
    r"^Unhandled (?:Promise )?[Rr]ejection",
    r"\tERROR\t(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s",  # Lambda's runtime for Node
):
    _CUT.Add(_line)
_CUT.Compile()


@dataclass(frozen=True, slots=True)
class _Raised:
    """What is known of an exception; empty where nothing is."""

    type: str
    message: str
    text: str


def _raised(told: str) -> _Raised:
    """Of a stack trace, or of `type: message`."""
    trace = find(told)
    if trace is not None:
        return _Raised(trace.type, trace.message, trace.text)
    if "\n" in told:
        return _Raised("", "", told)
    kind, _, message = told.partition(": ")
    return _Raised(kind, message, "")


def _of_attribute(key: str) -> Memo[str, str | None]:
    """The exception that an attribute tells: a map such as pino's `err`, or a stack trace."""

    def answer(value: str) -> str | None:
        if value.startswith("{"):
            return fields.of_map(key, value, fields.exception_of)
        if key == "panic":
            return None if value in ("true", "false", "") else f"panic: {value}"
        return value if "\n" in value and (key in _TRACES or find(value) is not None) else None

    return each(answer, 512)


_told_by = {key: _of_attribute(key) for key in TELLING}
_raised_by = each(_raised, 512)


def _with_a_trace(bodies: list[str]) -> list[str | None]:
    return [body if find(body) is not None else None for body in bodies]


def _told(view: View) -> Iterator[Clue]:
    for key in TELLING:
        yield from view.attribute_clues((key,), _told_by[key])
    said = view.said("exception")
    if said is not None:
        yield Clue("exception in a JSON body", said)
    marked = view.holding(first_look.TRACE)
    if marked is not None:
        yield Clue("stack trace in the body", marked, _traces)


_traces = Memo(_with_a_trace, 512)


def parsed(view: View) -> dict[str, Coded] | None:
    """`exception.*` out of other attributes and the bodies, null where there is none; None when no record has one."""
    told = decide(_told(view), len(view))
    if not told.labels:
        return None
    raised = _raised_by(told.labels)
    parts = ("type", "message", "text")
    return {
        key: of_answers(told.codes, [getattr(one, part) or None for one in raised])
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


def _named(value: str) -> str | None:
    return EXCEPTION if _EXCEPTION_NAME.search(value) else None


def _first_lines(lines: list[str]) -> list[str | None]:
    return [EXCEPTION if _CUT.Match(line[:_HEAD].encode()) else None for line in lines]


def _qualified(value: str) -> str | None:
    return EXCEPTION if _EXCEPTION_LINE.match(value) else None


_by_name, _by_first_line, _by_class = each(_named), Memo(_first_lines, 8192), each(_qualified)


def clues(view: View, found: Mapping[str, Coded] | None) -> Iterator[Clue]:
    """`found`: what `parsed` gave."""
    yield from view.attribute_clues(EXCEPTION_KEYS[2:], _with_content)
    if found is not None:
        for key in ("exception.stacktrace", "exception.type"):
            yield Clue("exception of the record", found[key], always(EXCEPTION))
    for clue in view.attribute_clues(EXCEPTION_KEYS[:2], _with_content):
        yield Clue(clue.name, _without(clue.column, _go_values(view)), clue.answer)
    yield from view.attribute_clues(("error.type",), _by_name)
    marked = view.holding(first_look.TRACE | first_look.FIRST_LINE)
    if marked is not None:
        yield Clue("first line of a stack trace", marked, _by_first_line)
        serious = Coded(np.where(view.severity >= SEVERITY_ERROR, marked.codes, np.int32(-1)), marked.values)
        yield Clue("class of an exception at the start", serious, _by_class)
    yield Clue("severity_number", constant(view.severity >= SEVERITY_ERROR, ERROR))
    yield Clue("default", constant(np.ones(len(view), dtype=np.bool_), NONE))


def _go_values(view: View) -> npt.NDArray[np.bool_]:
    """Where `exception.*` holds an `error` value of Go: no panic, and (who asks sees to that) no stack trace."""
    types, messages, languages = (
        view.attribute("exception.type"),
        view.attribute("exception.message"),
        view.resource("telemetry.sdk.language"),
    )
    pointer = _where(types, lambda value: value.startswith("*"))
    go = _where(languages, lambda value: value == "go")
    panic = _where(types, _PANIC.search) | _where(messages, lambda value: value.startswith("runtime error: "))
    goes: npt.NDArray[np.bool_] = (pointer | go) & ~panic
    return goes


def _where(column: Coded | None, test: Callable[[str], object]) -> npt.NDArray[np.bool_]:
    if column is None:
        return np.zeros(1, dtype=np.bool_)
    passed = [bool(test(value)) for value in column.values.to_pylist()]
    return np.array([*passed, False], dtype=np.bool_)[column.codes]


def _without(column: Coded, where: npt.NDArray[np.bool_]) -> Coded:
    return Coded(np.where(where, np.int32(-1), column.codes), column.values)
