"""Problems as people read them: what, where, the line itself with a caret, and how to fix it.

error[config/unknown-key] exporters.otlp_http/primary has no option "enpoint"
  gateway.yaml:31:5
   31 |     enpoint: https://logs.example.net
      |     ^^^^^^^ did you mean "endpoint"?
  allowed here: compression, endpoint, headers, retry_on_failure, timeout, tls
  see exporters/otlp_http/README.md#options
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from collector.errors import Problem
from collector.settings.redaction import redact_line, without

_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\$\{[^}]*\}|[^\s:,\[\]{}]+(?::[^\s,\[\]{}]+)*")
_WIDEST = 120


def render(problems: Sequence[Problem], warnings: Sequence[str] = (), hidden: Collection[str] = ()) -> str:
    """All problems and warnings, a blank line between two, and a closing line. Secrets in quoted lines are replaced, and what is
    `hidden` anywhere in them."""
    files: dict[str, list[str]] = {}
    blocks = ["\n".join(_block(problem, files, hidden)) for problem in problems]
    told = ["\n".join(f"warning: {sentence}" for sentence in warnings)] if warnings else []
    count = len(problems)
    return "\n\n".join([*blocks, *told, f"{count} error{'' if count == 1 else 's'}; nothing was started."]) + "\n"


def _block(problem: Problem, files: dict[str, list[str]], hidden: Collection[str]) -> list[str]:
    first, *rest = problem.hint.split("\n")
    block = [f"error[{problem.code}] {problem.message}"]
    if problem.file:
        block.append(f"  {problem.file}" + (f":{problem.line}:{problem.column}" if problem.line else ""))
    quoted = _quoted(problem, first, files, hidden)
    if not quoted and first:
        rest = [first, *rest]
    return [*block, *quoted, *(f"  {line}" for line in rest)]


def _quoted(problem: Problem, label: str, files: dict[str, list[str]], hidden: Collection[str]) -> list[str]:
    if problem.file not in files:
        files[problem.file] = _lines(problem.file)
    lines = files[problem.file]
    if not 0 < problem.line <= len(lines):
        return []
    line, column = _window(without(redact_line(lines, problem.line), hidden).replace("\t", " "), problem.column)
    token = _TOKEN.match(line, column - 1)
    width = min(len(token.group(0)), _WIDEST) if token else 1
    gutter = f"{problem.line:>5}"
    caret = f"{' ' * len(gutter)} | {' ' * (column - 1)}{'^' * width} {label}".rstrip()
    return [f"{gutter} | {line}".rstrip(), caret]


def _window(line: str, column: int) -> tuple[str, int]:
    """A long line's part round `column`, and where that column is in it."""
    if len(line) <= _WIDEST:
        return line, column
    start = max(0, min(column - 1 - _WIDEST // 2, len(line) - _WIDEST))
    before, after = "…" if start else "", "…" if start + _WIDEST < len(line) else ""
    return before + line[start : start + _WIDEST] + after, column - start + len(before)


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
