"""Operators on one text: `regex_replace`, `unquote`, `sanitize_utf8`."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np

from collector.stanza.columns import Rows, tightened
from collector.stanza.expressions.meaning import pattern
from collector.stanza.fields import field_of
from collector.stanza.frame import Frame
from collector.stanza.operation import Done, Options, done
from collector.stanza.operators.parsing import by_distinct
from collector.stanza.problems import Failed, OperatorError

_NAMED = {
    "ansi_control_sequences": r"[\x1b\x9b][\[()#;?]*(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-ORZcf-nqry=><]",
}
_REFERENCE = re.compile(r"\$(?:\$|(\d+)|\{(\w+)\}|(\w+))")


class _OnText:
    """One text field is replaced by what is made of it."""

    def __init__(self, options: Options) -> None:
        self._field = field_of(options.take("field", "body"))

    def make(self, value: Any) -> Any:
        """Raises `Failed`."""
        raise NotImplementedError

    def apply(self, frame: Frame, rows: Rows) -> Done:
        found = by_distinct(frame.get(self._field, rows), self.make)
        failed = np.fromiter((type(each) is Failed for each in found), dtype=np.bool_, count=len(rows))
        good = rows[~failed]
        if len(good):
            frame.set(self._field, good, tightened([each for each in found if type(each) is not Failed]))
        reason = str(next((each for each in found if type(each) is Failed), ""))
        return done(rows, failed, reason)


class RegexReplace(_OnText):
    """What the expression matches becomes `replace_with`, in which `$1` and `${name}` are its groups."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        regex, named = options.take("regex", ""), options.take("regex_name", "")
        if bool(regex) == bool(named) or (named and named not in _NAMED):
            raise OperatorError(f"set one of regex and regex_name; names: {', '.join(_NAMED)}")
        self._compiled = pattern(regex or _NAMED[named])
        self._with = str(options.take("replace_with", ""))

    def make(self, value: Any) -> str:
        if type(value) is not str:
            raise Failed("the field is no text")
        return str(self._compiled.sub(self._replacement, value))

    def _replacement(self, match: Any) -> str:
        return _REFERENCE.sub(lambda reference: _group(match, reference), self._with)


def _group(match: Any, reference: re.Match[str]) -> str:
    if reference[0] == "$$":
        return "$"
    name = reference[1] or reference[2] or reference[3]
    try:
        return match.group(int(name) if name.isdigit() else name) or ""
    except (IndexError, KeyError):
        return ""


class Unquote(_OnText):
    """Quotes as in Go: double ones with escapes, back quotes as they are, single ones around one character."""

    def make(self, value: Any) -> str:
        if type(value) is not str:
            raise Failed("the field is no text")
        if len(value) < 2 or value[0] != value[-1] or value[0] not in "\"'`":
            raise Failed("no quoted text")
        if value[0] == "`":
            return value[1:-1]
        try:
            read = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise Failed("no quoted text") from None
        if value[0] == "'" and len(read) != 1:
            raise Failed("single quotes hold one character")
        return str(read)


class SanitizeUtf8(_OnText):
    """Bytes that are no UTF-8 become U+FFFD. Of text they have by then."""

    def make(self, value: Any) -> str:
        if type(value) is bytes:
            return value.decode("utf-8", "replace")
        if type(value) is not str:
            raise Failed("the field is no text")
        return value.encode("utf-8", "replace").decode("utf-8", "replace")
