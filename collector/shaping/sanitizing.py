"""Addresses and queries without what is a value in them: paths keep their words, statements their shape. They err on the side of hiding."""

from __future__ import annotations

import re
from typing import Any

import orjson

_SEGMENTS = 10
_WORD = re.compile(r"[A-Za-z_. -]|[A-Za-z_. -][0-9]?[A-Za-z_. -]*")
_NO_WORD = re.compile(r"[^aeiouyAEIOUY_. 0-9-]{5}")
_END_OF_PATH = re.compile("[?&#]")
_LITERALS = r"""
      | (?P<quoted>'(?:[^'\\]|''|\\.)*(?:'|\\?\Z)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))
      | (?P<operator>[=<>(,]\s*|\b(?:like|in|values|between|and|password|replace)\b\s*
          |(?<!\s)(?<!order)(?<!group)(?<!partition)\s*\bby\b\s*|\bidentified\s+(?:with|via)\s+\S+\s+(?:as|using)\b\s*
        )(?P<double>"(?:[^"\\]|""|\\.)*(?:"|\\?\Z))
      | (?P<identified>\bidentified\s+by\s+)(?!(?:password|random|values)\b)[^\s"';]+
      | (?P<literal>\b(?:null|true|false)\b|0x[0-9a-f]+|(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?\b|\d+)"""
_COMMENTS = r"--[^\n]*|/\*.*?(?:\*/|\Z)"
_COMMENTS_OF_MYSQL = r"\#(?!>|-\s*')[^\n]*"  # but for PostgreSQL's operators #>, #>>, #-
_FLAGS = re.VERBOSE | re.IGNORECASE | re.DOTALL
_SQL = re.compile(f"(?P<comment>{_COMMENTS}|{_COMMENTS_OF_MYSQL}){_LITERALS}", _FLAGS)
_SENTENCE = re.compile(f"(?P<comment>{_COMMENTS}){_LITERALS}", _FLAGS)
_STATEMENT = re.compile(
    r"\b(?:select|(?:insert|replace)\s+into|delete\s+from|update\s+\S+\s+set|grant|set\s+password|(?:create|alter|drop)\s+\w+)\b",
    re.IGNORECASE,
)
_REDIS_COMMAND = re.compile(
    r"""(?:\A|(?<=\n))(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|[^"'\n]+)*""", re.DOTALL
)
_HIDES_ALL = frozenset({"ACL", "AUTH", "CONFIG", "EVAL", "EVALSHA", "HELLO"})


def url(text: str) -> str:
    """A path whose segments are `*` where they are no words: `/users/*/job/*`; without query and fragment, ten segments at most."""
    end = _END_OF_PATH.search(text)
    segments = (text[: end.start()] if end else text).split("/")
    kept = [segment if not segment or _is_word(segment) else "*" for segment in segments]
    return "/".join(kept[:_SEGMENTS])


def _is_word(segment: str) -> bool:
    return _WORD.fullmatch(segment) is not None and _NO_WORD.search(segment) is None


def sql(text: str) -> str:
    """A statement with `?` for texts, numbers and other literals; without comments."""
    return _SQL.sub(_literal, text).strip()


def sql_in_text(text: str) -> str:
    """As `sql`, of a text that may hold a statement or none: without one `#` begins no comment, `job #7 failed` stays a sentence."""
    return (_SQL if _STATEMENT.search(text) else _SENTENCE).sub(_literal, text).strip()


def _literal(found: re.Match[str]) -> str:
    if found["comment"] is not None:
        return ""
    return f"{found['operator'] or found['identified'] or ''}?"


def redis(text: str) -> str:
    """Commands with their keys, and `?` for the rest; a command ends with a line, but for what is in quotes."""
    return "\n".join(map(_redis_command, _REDIS_COMMAND.findall(text)))


def _redis_command(line: str) -> str:
    words = line.split()
    kept = 1 if words and words[0].strip("\"'").upper() in _HIDES_ALL else 2
    return line if len(words) <= kept else " ".join([*words[:kept], "?"])


def memcached(text: str) -> str:
    """The command line without the data behind it."""
    return text.partition("\r\n")[0]


def json_query(text: str) -> str:
    """A JSON object with `?` for all values in it; what is no JSON stays."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return orjson.dumps(_hidden(orjson.loads(text))).decode()
    except orjson.JSONDecodeError:
        return "?"


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(inner) for key, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else "?"
