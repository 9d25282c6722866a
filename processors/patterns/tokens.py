"""A masked text as tokens: words, signs, wildcards; and what a token looks like."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

WILDCARD = "<*>"
MOST = 64
"""Tokens of a text that count."""

_TOKEN = re.compile(r"<\*>|[\w./$-]+|[^\w\s]")
_VARIABLE = re.compile(r"[\w-][_./$][\w-]|\d")
_ENUM = re.compile(r"[A-Z]+(?:_[A-Z]+)*")
_WORD = re.compile(r"\w")
_OPENING, _CLOSING = frozenset("([{\"'"), frozenset(")]}\"'")
Tokens = tuple[str, ...]


def tokenised(text: str) -> Tokens:
    """The tokens of a text, 64 at most."""
    return tuple(_TOKEN.findall(text)[:MOST])


def joined(tokens: Sequence[str], first: str) -> str:
    """The template of tokens: spaced as the text that they were made of, with wildcards in the places that vary."""
    out: list[str] = []
    end = 0
    for token, found in zip(tokens, _TOKEN.finditer(first), strict=False):
        out += [first[end : found.start()], token]
        end = found.end()
    return "".join([*out, first[end:]])


def is_word(token: str) -> bool:
    """Whether a token says something that stays."""
    return token != WILDCARD and _WORD.search(token) is not None


def looks_variable(token: str) -> bool:
    """Whether a token looks like a name that something was given: `blk_a`, `a.b`, `$x`; and not `TASK_ABORT`, which a program knows."""
    return _VARIABLE.search(token) is not None and _ENUM.fullmatch(token) is None


def enclosed(tokens: Tokens, place: int) -> bool:
    """Whether a place stands in brackets or quotes that close behind it."""
    signs = [sign for sign in tokens[:place] if len(sign) == 1]
    depth = sum(signs.count(sign) for sign in "([{") - sum(signs.count(sign) for sign in ")]}")
    around = tokens[place - 1 : place] + tokens[place + 1 : place + 2]
    return depth > 0 or around in (('"', '"'), ("'", "'"))


def is_value(tokens: Sequence[str], place: int) -> bool:
    """Whether a place stands behind `:` or `=`."""
    return place > 0 and tokens[place - 1] in (":", "=")


_NAMING = frozenset({"user", "username", "host", "hostname", "account", "login", "service", "node", "server", "client", "database", "table", "topic", "queue", "bucket", "group", "role", "job", "task", "worker", "device", "interface", "container", "pod", "namespace", "file", "key", "domain"})  # fmt: skip
_SAYING = re.compile(r"(?:ed|ing|is|was|are|were|be|been|has|have|had|not|no|for|from|in|on|at|to|of|by|with|and|or|the|a|an|can|could|cannot|will|does|did|its?|that|which|name|id)")  # fmt: skip


def is_named(tokens: Sequence[str], place: int, values: Collection[str]) -> bool:
    """Whether what stands at a place is a name: behind a word such as `user`, and no word that goes on with the sentence."""
    return (
        place > 0
        and tokens[place - 1].lower() in _NAMING
        and not any(value.endswith(("ed", "ing")) or _SAYING.fullmatch(value.lower()) for value in values)
    )
