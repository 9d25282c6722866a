"""A text → the trace in it, by the reader of its language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from collector.lines.stack_traces import MAX_BODY, MAX_LINE, find
from processors.issues.grouping import compiled, crashes, dotnet, jvm, python, scripts
from processors.issues.grouping.trace import Trace

_Reader = Callable[[Sequence[str], str, str], Trace]
_LANGUAGES: Mapping[str, _Reader] = {
    "java": jvm.read, "dotnet": dotnet.read, "python": python.read, "javascript": scripts.javascript, "ruby": scripts.ruby,
    "php": scripts.php, "go": compiled.go, "rust": compiled.rust,
}  # fmt: skip


def trace_in(body: str) -> Trace | None:
    """The trace that a body holds; None: there is none."""
    found = find(body)
    if found is not None:
        return _LANGUAGES[found.language](found.text.splitlines(), found.type, found.message)
    lines = [line[:MAX_LINE] for line in body[:MAX_BODY].splitlines()]
    return next((trace for reader in crashes.READERS if (trace := reader(lines)) is not None), None)


def trace_of(stack: str, type_: str, message: str) -> Trace | None:
    """The trace that `exception.stacktrace` holds: an SDK may leave out its first line, which type and message stand for."""
    trace = trace_in(stack)
    if trace is not None:
        return trace if trace.type else trace._replace(type=type_, message=message)
    lines = [line[:MAX_LINE] for line in stack[:MAX_BODY].splitlines()]
    guesses = [reader(lines, type_, message) for reader in _LANGUAGES.values()]
    best = max(guesses, key=lambda guess: len(guess.frames))
    return best if best.frames else None
