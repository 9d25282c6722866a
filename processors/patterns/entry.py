"""One pattern of a domain: what is kept of it beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from collector.component import Subject
from processors.patterns.looks import Looks
from processors.patterns.masks import pattern_id
from processors.patterns.tokens import WILDCARD, Tokens, is_word, joined, tokenised

TEXT = "text"
MOST_ALIASES, MOST_PLACES, MOST_SAMPLES, SAMPLE_CHARACTERS = 200, 20, 3, 240


@dataclass(slots=True)
class Entry:
    """A pattern.

    Args:
        first: the first masked text; `id` is a hash of it, for ever.
        tokens: of the first text, with wildcards where it turned out to vary; `template` is the text of them.
        source: what it was read from: `text`, `template`, `json`, `stack`.
        aliases: ids of patterns that became part of it, the newest last.
        places: in the code, that write it.
        samples: lines as they were sent.
        born: a number that grows with each pattern of the domain.
        checks: how often it was held against frequent patterns.
        slot: where it stands in its book; -1 when it was forgotten. `into`: what it became part of.
        told: how many records it had when stores were told of it last, `told_at` when that was; `version` of what they were told.
    """

    first: str
    tokens: Tokens
    source: str = TEXT
    service: str = ""
    component: str = ""
    aliases: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    looks: Looks = field(default_factory=Looks)
    told: int = 0
    told_at: int = 0
    version: int = 0
    born: int = 0
    checks: int = 0
    places: list[str] = field(default_factory=list)
    slot: int = -1
    into: Entry | None = None
    id: str = ""
    template: str = ""

    @classmethod
    def of(cls, first: str, source: str) -> Entry:
        """A new one."""
        return cls(first, tokenised(first), source)

    def __post_init__(self) -> None:
        self.id = pattern_id(self.first)
        self.template = joined(self.tokens, self.first)

    def widen(self, tokens: Tokens) -> None:
        """It varies in more places than was known; stores are to be told."""
        self.tokens, self.template, self.told = tokens, joined(tokens, self.first), 0

    @property
    def says_something(self) -> bool:
        """Whether there is a word in it: only then may it stand for other texts."""
        return any(map(is_word, self.tokens))

    @property
    def standing(self) -> Entry:
        """What it is today: itself, or what it became part of."""
        entry = self
        while entry.into is not None:
            entry = entry.into
        return entry

    @property
    def is_learned_from(self) -> bool:
        """Whether it may be one with others: a text that says something. What a program or its author named is what it is."""
        return self.source == TEXT and self.says_something

    @property
    def is_general(self) -> bool:
        """Whether it stands for other texts: it has wildcards and a word, and two where a wildcard is in front."""
        words = [token for token in self.tokens if token == WILDCARD or is_word(token)]
        constants = len(words) - words.count(WILDCARD)
        return WILDCARD in words and constants > (words[0] == WILDCARD)

    def take(self, other: Entry) -> None:
        """Another pattern is part of this one from now on."""
        other.into, other.slot = self, -1
        self.aliases = [*self.aliases, other.id, *other.aliases][-MOST_ALIASES:]
        self.places = [*self.places, *other.places][-MOST_PLACES:]
        for sample in other.samples:
            self.sample(sample)

    def written_at(self, place: str) -> None:
        """A place in the code writes it."""
        if place not in self.places:
            self.places = [*self.places, place][-MOST_PLACES:]

    def sample(self, line: str) -> None:
        """Keep a line, if there is room."""
        if len(self.samples) < MOST_SAMPLES and (short := line[:SAMPLE_CHARACTERS]) not in self.samples:
            self.samples.append(short)

    def hide(self, subject: Subject) -> bool:
        """Take a person's value out of what was seen; whether it stood there."""
        before = [self.samples, self.looks.plain(), self.service, self.component, self.places]
        now = subject.hidden_within(before)
        if now == before:
            return False
        self.samples, looks, self.service, self.component, self.places = now
        self.looks = Looks.of(looks)
        return True

    def encoded(self) -> bytes:
        """For the state; the first member is the version of this encoding."""
        generalised = [place for place, token in enumerate(self.tokens) if token == WILDCARD]
        return orjson.dumps(
            [
                1, self.first, generalised, self.source, self.service, self.component, self.aliases, self.samples,
                self.looks.plain(), self.told, self.told_at, self.version, self.born, self.checks, self.places,
            ]
        )  # fmt: skip

    @classmethod
    def decoded(cls, value: bytes) -> Entry:
        """What `encoded` gave, of this version of logboom or an older one."""
        _, first, generalised, source, service, component, aliases, samples, looks, *rest = _members(value)
        tokens = list(tokenised(first))
        for place in generalised:
            tokens[place] = WILDCARD
        return cls(first, tuple(tokens), source, service, component, aliases, samples, Looks.of(looks), *rest)


def _members(value: bytes) -> list[Any]:
    members: list[Any] = orjson.loads(value)
    return members
