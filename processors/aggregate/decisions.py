"""What people decided about the patterns of a domain.

decisions    JSON: pattern → [what, one in how many, who, why, when in ns, what the pattern became part of, its template then]

A decision is about lines that people saw: those that the pattern's template fitted then. When the pattern comes to stand for more, or becomes part of
another, it goes on for these, and what nobody decided about stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import orjson

from collector.component import Command, Refused, State

NAME = b"decisions"
ID, ONE_IN, TEMPLATE = "logboom.pattern.id", "logboom.pattern.one_in", "logboom.pattern.template"
AGGREGATE, SAMPLE, DROP, KEEP = "aggregate", "sample", "drop", "keep"
WILDCARD = "<*>"
MOST = 1000
"""Decisions of a domain."""
_LEAST, _WIDEST, _LONGEST = 2, 10_000, 2000
_HEX = re.compile("[0-9a-f]{16}")


class Decision(NamedTuple):
    """About one pattern, as far as it is as `template` says; empty: all of it. `into`: what it became part of; empty: nothing."""

    what: str
    one_in: int = 1
    who: str = ""
    why: str = ""
    at_unix_nano: int = 0
    into: str = ""
    template: str = ""


class Merger(NamedTuple):
    """A pattern, its template, and what it is part of from now on."""

    pattern: str
    template: str
    into: str


def read(state: State) -> Mapping[str, Decision]:
    """Those of a domain; asked for each batch, so what was read last is not read again."""
    value = state.get(NAME)
    return _decoded(value) if value else {}


@lru_cache(64)
def _decoded(value: bytes) -> Mapping[str, Decision]:
    return {pattern: Decision(*members) for pattern, members in orjson.loads(value).items()}


def decide(command: Command, state: State) -> Decision | Refused:
    """Carry a command out."""
    what = command.name.rpartition(".")[2]
    pattern, one_in = str(command.attributes.get(ID, "")), command.attributes.get(ONE_IN, 10 if what == SAMPLE else 1)
    standing = dict(read(state))
    if not _HEX.fullmatch(pattern):
        return Refused("a pattern's id is needed: 16 hexadecimal characters")
    if what == SAMPLE and not (isinstance(one_in, int) and _LEAST <= one_in <= _WIDEST):
        return Refused(f"one in {_LEAST} to {_WIDEST} records can be kept")
    if pattern not in standing and what != KEEP and len(standing) >= MOST:
        return Refused(f"there are {MOST} decisions about patterns: take back one of them first")
    template = str(command.attributes.get(TEMPLATE, ""))[:_LONGEST]
    decision = Decision(what, int(one_in), command.who, command.why, command.received_unix_nano, template=template)
    standing.pop(pattern, None)
    if what != KEEP:
        standing[pattern] = decision
    else:
        standing = {name: each for name, each in standing.items() if each.into != pattern}
    _write(state, standing)
    return decision


def follow(mergers: Iterable[Merger], state: State) -> None:
    """Decisions go along with their patterns."""
    before = read(state)
    standing = dict(before)
    for merger in mergers if before else ():
        for pattern, one in standing.items():
            if pattern == merger.pattern and not one.into:
                standing[pattern] = one._replace(into=merger.into, template=one.template or merger.template)
            elif one.into == merger.pattern:
                standing[pattern] = one._replace(into=merger.into)
    if standing != before:
        _write(state, standing)


def expression(template: str) -> str:
    """What the lines look like that a template was made of."""
    parts = [r"\s+".join(map(re.escape, part.split(" "))) for part in template.split(WILDCARD)]
    return f"(?s){'.*?'.join(parts)}"


def _write(state: State, standing: Mapping[str, Decision]) -> None:
    if standing:
        state.put(NAME, orjson.dumps({name: list(each) for name, each in standing.items()}))
    else:
        state.delete(NAME)
