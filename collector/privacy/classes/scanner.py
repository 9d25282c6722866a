"""All that is found in one text. It needs no columns, so that processes without polars have it, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

import re2

from collector.privacy.classes.addresses import IP
from collector.privacy.classes.cards import CARD
from collector.privacy.classes.credentials import CREDENTIALS
from collector.privacy.classes.detector import Detector
from collector.privacy.classes.emails import EMAIL
from collector.privacy.classes.ibans import IBAN
from collector.privacy.classes.named_secrets import NAMED
from collector.privacy.classes.national_ids import NATIONAL_ID
from collector.privacy.classes.phones import PHONE
from collector.privacy.classes.tokens import TOKEN

DETECTORS: tuple[Detector, ...] = (TOKEN, CREDENTIALS, NAMED, CARD, IBAN, NATIONAL_ID, EMAIL, PHONE, IP)
"""In the order in which they go before each other where they find the same."""
CLASSES = tuple(dict.fromkeys(detector.cls for detector in DETECTORS))
MASK = "****"
_MANY_FORMS = ("national_id", "ip")
_MEMORY = 32 << 20
_NEVER = r"\z\A."
_ROUNDS = 4
"""What is hidden may have kept something beside it from being seen; more than a second round is next to never needed."""


class Find(NamedTuple):
    """A part of a text, and its class."""

    begin: int
    end: int
    cls: str


Hide = Callable[[str, str], str]
"""(class, what was found) → what stands there from now on."""


class Scanner:
    """The detectors of some classes."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.detectors = tuple(detector for detector in DETECTORS if detector.cls in classes)
        words = _together(detector.likely for detector in self.detectors)
        numbers = _together(detector.numbers for detector in self.detectors)
        many = any(detector.cls in _MANY_FORMS for detector in self.detectors)
        self.likely = tuple(filter(None, (words, numbers) if many else (_together((words, numbers)),)))
        """Expressions one of which is found in each text in which there is something. Two where one automaton of all would outgrow its cache:
        then the engine takes a hundred times as long."""
        self._set = re2.Set.SearchSet(_options())
        for detector in self.detectors:
            self._set.Add(_together((detector.likely, detector.numbers)))
        self._set.Add(_NEVER)
        self._set.Compile()

    def finds(self, text: str) -> list[Find]:
        """What is in a text, from left to right; finds that touch each other are one, of the class of the first in `DETECTORS`."""
        return self.all_finds((text,))[0]

    def all_finds(self, texts: Sequence[str]) -> list[list[Find]]:
        """The same of many. A detector sees all its texts one after the other: what it leans on stays in the processor's cache.

        The set's automaton is begun anew where it outgrows its memory; it never gives up.
        """
        ranked: list[list[tuple[int, int, int]]] = [[] for _ in texts]
        of_detector: list[list[int]] = [[] for _ in self.detectors]
        match = self._set.Match
        for place, text in enumerate(texts):
            for at in match(text) or ():
                of_detector[at].append(place)
        for at, places in enumerate(of_detector):
            spans = self.detectors[at].spans
            for place in places:
                ranked[place] += ((begin, end, at) for begin, end in spans(texts[place]))
        return [self._told(each) for each in ranked]

    def _told(self, ranked: list[tuple[int, int, int]]) -> list[Find]:
        if len(ranked) > 1:
            return self._merged(sorted(ranked))
        return [Find(begin, end, self.detectors[at].cls) for begin, end, at in ranked]

    def _merged(self, ranked: list[tuple[int, int, int]]) -> list[Find]:
        merged = [ranked[0]]
        for begin, end, at in ranked[1:]:
            first, last, best = merged[-1]
            if begin < last:
                merged[-1] = (first, max(end, last), min(at, best))
            else:
                merged.append((begin, end, at))
        return [Find(begin, end, self.detectors[at].cls) for begin, end, at in merged]

    def hidden(self, text: str, hide: Hide) -> str:
        """The text with `hide` of all that is in it, also of what is seen only then; the same object where nothing is."""
        return self.all_hidden((text,), self.all_finds((text,)), lambda _: hide)[0]

    def all_hidden(
        self, texts: Sequence[str], finds: Sequence[Sequence[Find]], hide: Callable[[int], Hide]
    ) -> list[str]:
        """The same of many, in which that was found; `hide` is asked for each by its place."""
        left = list(texts)
        places, found = list(range(len(left))), list(finds)
        for _ in range(_ROUNDS):
            for place, each in zip(places, found, strict=True):
                left[place] = replaced(left[place], each, hide(place)) if each else left[place]
            places = [place for place, each in zip(places, found, strict=True) if each]
            if not places:
                break
            found = list(self.all_finds([left[place] for place in places]))
        return left


def _together(expressions: Iterable[str]) -> str:
    return "|".join(f"(?:{each})" for each in expressions if each)


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    return options


def replaced(text: str, finds: Sequence[Find], hide: Hide) -> str:
    """The text with something else in the place of finds."""
    pieces: list[str] = []
    at = 0
    for begin, end, cls in finds:
        pieces += (text[at:begin], hide(cls, text[begin:end]))
        at = end
    return "".join((*pieces, text[at:]))


@cache
def scanner(classes: tuple[str, ...] = CLASSES) -> Scanner:
    """One for these classes: its expressions are compiled once a process."""
    return Scanner(classes)


def masked_text(text: str, classes: tuple[str, ...] = CLASSES) -> str:
    """A text with `****` for all that belongs to these classes."""
    return scanner(classes).hidden(text, lambda _cls, _found: MASK)
