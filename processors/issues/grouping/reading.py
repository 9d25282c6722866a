"""A text → the trace in it, by the reader of its language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from collector.lines.stack_traces import MAX_BODY, find
from processors.issues.grouping import compiled, crashes, dotnet, jvm, python, scripts
from processors.issues.grouping.frames import Trace

_Reader = Callable[[Sequence[str], str, str], Trace]
_LANGUAGES: Mapping[str, _Reader] = {
    "java": jvm.read, "dotnet": dotnet.read, "python": python.read, "javascript": scripts.javascript, "ruby": scripts.ruby,
    "php": scripts.php, "go": compiled.go, "rust": compiled.rust,
}  # fmt: skip

_MOST_LINES, _LONGEST_LINE = 500, 400
"""Of a trace: a frame is shorter, and what stands further down groups nothing."""


def _lines(text: str) -> list[str]:
    return [line[:_LONGEST_LINE] for line in text[:MAX_BODY].splitlines()[:_MOST_LINES]]


def trace_in(body: str) -> Trace | None:
    """The trace that a body holds; None: there is none."""
    found = find(body)
    if found is not None:
        return _LANGUAGES[found.language](_lines(found.text), found.type, found.message)
    lines = _lines(body)
    return next((trace for reader in crashes.READERS if (trace := reader(lines)) is not None), None)


def trace_of(stack: str, type_: str, message: str) -> Trace | None:
    """The trace that `exception.stacktrace` holds: an SDK may leave out its first line, which type and message stand for."""
    trace = trace_in(stack)
    if trace is not None:
        return trace if trace.type else trace._replace(type=type_, message=message)
    lines = _lines(stack)
    guesses = [reader(lines, type_, message) for reader in _LANGUAGES.values()]
    best = max(guesses, key=lambda guess: len(guess.frames))
    return best if best.frames else None
