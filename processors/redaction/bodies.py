"""Bodies: texts, and maps and lists at any depth, once for each distinct one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from collector.ottl.plain.places import BODY, Level, Place
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.maps import Owners
from processors.redaction.found import Found
from processors.redaction.keys import Fate, Keys
from processors.redaction.values import Values, as_text

_PLACE = Place(Level.RECORD, BODY)


Done = list[tuple[str, str]]
"""What was done within one body: (outcome, path)."""


class Bodies:
    """The rules for bodies."""

    def __init__(self, keys: Keys, values: Values) -> None:
        self._keys, self._values = keys, values

    def apply(self, frame: Frame, found: Found) -> None:
        """Change the bodies of a frame, and tell what was done."""
        rows = np.flatnonzero(frame.refs(_PLACE) >= 0)
        cells = frame.read(_PLACE, rows)
        used, places = np.unique(cells.codes, return_inverse=True)
        before = [cells.values[code] for code in used.tolist()]
        after, masked = self._flat(before)
        found.add("masked", rows[masked[places]], "body")
        nested = [at for at, value in enumerate(before) if isinstance(value, dict | list)]
        done: dict[int, Done] = {at: [] for at in nested}
        for at in nested:
            after[at] = self._within("", before[at], done[at])
        differs = np.array([new is not old for new, old in zip(after, before, strict=True)], dtype=np.bool_)[places]
        if differs.any():
            frame.write(_PLACE, rows[differs], frame.pool.add(after)[places[differs]])
        _tell(found, rows, places, done)

    def _flat(self, values: list[Any]) -> tuple[list[Any], npt.NDArray[np.bool_]]:
        """Bodies that are one value, all at once: there may be as many as records. And which of them were masked."""
        texts = ["" if value is None or isinstance(value, dict | list) else as_text(value) for value in values]
        clean, allowed = self._values.of_body(texts), self._values.allowed(texts)
        masked = [new != text and not kept for new, text, kept in zip(clean, texts, allowed, strict=True)]
        after = [new if hides else value for new, hides, value in zip(clean, masked, values, strict=True)]
        return after, np.array(masked, dtype=np.bool_)

    def _within(self, path: str, value: Any, done: Done) -> Any:
        """A value of a map or a list; the same object where nothing was done."""
        if isinstance(value, dict):
            return self._map(path, value, done)
        if isinstance(value, list):
            inner = [self._within(f"{path}.[{at}]".removeprefix("."), each, done) for at, each in enumerate(value)]
            return inner if any(new is not old for new, old in zip(inner, value, strict=True)) else value
        text = as_text(value)
        if self._values.allowed([text])[0]:
            done.append(("allowed", path))
            return value
        (clean,) = self._values.of_body([text])
        if clean == text:
            return value
        done.append(("masked", path))
        return clean

    def _map(self, path: str, value: dict[str, Any], done: Done) -> dict[str, Any]:
        left: dict[str, Any] = {}
        for key, inner in value.items():
            below = f"{path}.{key}".removeprefix(".") if path else key
            match self._keys.fate(key):
                case Fate.IGNORED:
                    done.append(("ignored", below))
                    left[key] = inner
                case Fate.REDACTED:
                    done.append(("redacted", below))
                case Fate.MASKED:
                    done.append(("masked", below))
                    left[key] = self._values.masking.whole(inner if isinstance(inner, str) else "")
                case _:
                    left[key] = self._within(below, inner, done)
        same = len(left) == len(value) and all(left[key] is value[key] for key in value)
        return value if same else left


def _tell(found: Found, rows: Owners, places: npt.NDArray[np.intp], done: Mapping[int, Done]) -> None:
    """The records of each nested body with which something was done."""
    order = np.argsort(places, kind="stable")
    for at, each in done.items():
        own = order[slice(*np.searchsorted(places[order], [at, at + 1]))] if each else order[:0]
        for outcome, path in each:
            found.add(outcome, rows[own], path)
