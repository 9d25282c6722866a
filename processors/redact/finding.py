"""What is found in texts, with the name under which they stand: `415-555-2671` is a telephone number where the attribute is `phone`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite

import numpy as np
import polars as pl

from collector.privacy.classes import MASK, Find, Scanner
from collector.privacy.classes.columns import Detectors, Hits
from collector.privacy.classes.national_ids import WORDS as IDS
from collector.privacy.classes.phones import WORDS as PHONES
from processors.redact.hiding import Hiding

_KEPT = 8192
_LEAST_NUMBER = 10**12
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_WORDS = {"phone": PHONES, "national_id": IDS}


class Finding:
    """The detectors, and what stands in the place of what they find."""

    def __init__(self, detectors: Detectors, hiding: Hiding) -> None:
        self.detectors, self._hiding = detectors, hiding
        self._scanner: Scanner = detectors.scanner
        classes = {detector.cls for detector in self._scanner.detectors}
        words = "|".join(words for cls, words in _WORDS.items() if cls in classes)
        self._says = (
            re.compile(rf"(?i)(?:^|[^0-9a-z])(?:{words})(?:[_ .-]?(?:number|nummer|no|nr|num|id))?$") if words else None
        )
        self.hints = ["(?i:" + _NOT_ASCII.sub(r"\?+", words) + ")"] if words else []
        """Expressions found in the bytes of maps in which such names stand."""
        self.of_name = lru_cache(_KEPT)(self._of_name)
        self.tells = lru_cache(_KEPT)(self._tells)

    def _tells(self, name: str) -> bool:
        """Whether a name says what a number under it is."""
        return self._says is not None and self._says.search(name) is not None

    def hits(self, texts: pl.Series) -> Hits:
        """Rows of a column with what is in them and does not stay."""
        return self._filtered(self.detectors.hits(texts))

    def hits_under(self, name: str, texts: pl.Series) -> Hits:
        """The same, of texts under a name that tells."""
        front = f"{name}="
        found = self.detectors.hits(pl.select(front + pl.lit(texts)).to_series())
        own = [
            [Find(max(begin - len(front), 0), end - len(front), cls) for begin, end, cls in finds if end > len(front)]
            for finds in found.finds
        ]
        own_texts = [text[len(front) :] for text in found.texts]
        return self._filtered(self._with(Hits(found.rows, own_texts, own), own))

    def _filtered(self, found: Hits) -> Hits:
        return (
            self._with(found, [self._kept(*each) for each in zip(found.texts, found.finds, strict=True)])
            if self._hiding.allows
            else found
        )

    def _with(self, found: Hits, finds: Sequence[Sequence[Find]]) -> Hits:
        """The rows of which something is left."""
        kept = [place for place, each in enumerate(finds) if each]
        return Hits(found.rows[kept], [found.texts[place] for place in kept], [finds[place] for place in kept])

    def _kept(self, text: str, finds: Sequence[Find]) -> Sequence[Find]:
        return [find for find in finds if not self._hiding.allowed(text[find.begin : find.end])]

    def drops(self, finds: Sequence[Find]) -> bool:
        """Whether an attribute with these finds is left out."""
        return any(self._hiding.drops(find.cls) for find in finds)

    def hidden(self, found: Hits, domains: Sequence[str], attributes: Sequence[str]) -> list[str]:
        """The texts without what was found, and without what is seen only then."""
        return self._scanner.all_hidden(
            found.texts, found.finds, lambda at: self._hiding.at(domains[at], attributes[at])
        )

    def _hidden(self, text: str, finds: Sequence[Find], domain: str, attribute: str) -> str:
        return self._scanner.all_hidden((text,), (finds,), lambda _: self._hiding.at(domain, attribute))[0]

    def of_text(self, text: str, attribute: str, domain: str) -> str | None:
        """One text under a name; None: it is left out."""
        front = f"{attribute}=" if self.tells(attribute) else ""
        finds = [
            Find(max(begin - len(front), 0), end - len(front), cls)
            for begin, end, cls in self._scanner.finds(front + text)
            if end > len(front)
        ]
        finds = list(self._kept(text, finds))
        if not finds:
            return text
        return None if self.drops(finds) else self._hidden(text, finds, domain, attribute)

    def _of_name(self, name: str, domain: str) -> str:
        """A name without what is in it: whoever counts by address makes keys of addresses. It is never left out."""
        finds = list(self._kept(name, self._scanner.finds(name)))
        return self._hidden(name, finds, domain, name) if finds else name

    def of_named(self, cls: str, text: str, domain: str, attribute: str) -> str | None:
        """What stands under a name that hides its value whole; None: it is left out."""
        return None if self._hiding.drops(cls) else self._hiding.at(domain, attribute)(cls, text)

    def of_number(self, number: float, attribute: str, domain: str) -> str | None:
        """A text in the place of a number in which something is; None: it stays. Within maps none is left out, it is masked."""
        if not isfinite(number) or number != int(number) or (abs(number) < _LEAST_NUMBER and not self.tells(attribute)):
            return None
        text = str(int(number))
        new = self.of_text(text, attribute, domain)
        return None if new == text else MASK if new is None else new


def rows_of(found: Hits) -> list[int]:
    """The rows as Python's numbers."""
    rows: list[int] = np.asarray(found.rows).tolist()
    return rows
