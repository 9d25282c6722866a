"""The behaviour of `redaction`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collector.batch import LogBatch
from collector.columns.dictionary import distinct_rows
from collector.component import Context, Work
from collector.ottl.plain.places import ATTRIBUTES, Level, Place
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.maps import Owners
from processors.redaction.bodies import Bodies
from processors.redaction.config import RedactionConfig
from processors.redaction.found import Found
from processors.redaction.keys import Fate, Keys
from processors.redaction.values import Values, as_text

_SYSTEMS = ("db.system.name", "db.system")


class Redaction:
    """Resources, scopes, attributes and bodies: each distinct value of a key is looked at once."""

    def __init__(self, config: RedactionConfig, context: Context) -> None:  # noqa: ARG002 - it knows no place
        self._config = config
        self._keys, self._values = Keys(config), Values(config)
        self._bodies = Bodies(self._keys, self._values)

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - it keeps nothing
        """The batch without what must not be read."""
        if not len(batch):
            return batch
        frame = Frame(batch)
        for level in (Level.RESOURCE, Level.SCOPE, Level.RECORD):
            self._attributes(frame, level)
        found = self._found("redaction.body.")
        self._bodies.apply(frame, found)
        found.tell(frame, Level.RECORD)
        return frame.done()

    def _found(self, prefix: str) -> Found:
        summary = self._config.summary
        return Found(prefix, counts=summary in ("info", "debug"), keys=summary == "debug")

    def _attributes(self, frame: Frame, level: Level) -> None:
        found, gone = self._found("redaction."), []
        systems = self._systems(frame, level)
        for key in frame.maps(level, ATTRIBUTES).names():
            place, fate = Place(level, ATTRIBUTES, key), self._keys.fate(key)
            owners = np.flatnonzero(frame.refs(place) >= 0)
            if fate in (Fate.IGNORED, Fate.REDACTED):
                found.add(fate, owners, key)
                gone += [(place, owners)] if fate is Fate.REDACTED else []
            else:
                self._masked(frame, place, owners, systems, found)
        for place, owners in gone:
            frame.write(place, owners, np.full(len(owners), -1, dtype=np.int64))
        found.tell(frame, level)

    def _systems(self, frame: Frame, level: Level) -> list[str]:
        """The database that each owner names, where that matters."""
        if not self._values.by_system:
            return []
        named = [""] * frame.height(level)
        for key in reversed(_SYSTEMS):
            cells = frame.read(Place(level, ATTRIBUTES, key))
            for owner in np.flatnonzero(frame.refs(Place(level, ATTRIBUTES, key)) >= 0).tolist():
                value = cells.values[cells.codes[owner]]
                named[owner] = value if isinstance(value, str) else ""
        return named

    def _masked(self, frame: Frame, place: Place, owners: Owners, systems: Sequence[str], found: Found) -> None:
        """Mask the values of a key that stays."""
        assert place.key is not None
        cells = frame.read(place, owners)
        if place.key in self._values.by_system:
            known = {name: at for at, name in enumerate(dict.fromkeys(systems))}
            system = np.array([known[systems[owner]] for owner in owners.tolist()], dtype=np.int32)
            names = list(known)
            codes, first = distinct_rows([cells, _Named(system, names)])
            places = codes.astype(np.intp)
            own = [names[system[row]] for row in first.tolist()]
            values = [cells.values[cells.codes[row]] for row in first.tolist()]
        else:
            used, places = np.unique(cells.codes, return_inverse=True)
            values = [cells.values[code] for code in used.tolist()]
            own = [""] * len(values)
        texts = [
            one if isinstance(one, str) else as_text(one) if self._config.redact_all_types else "" for one in values
        ]
        allowed = np.array(self._values.allowed(texts), dtype=np.bool_)
        if self._keys.fate(place.key) is Fate.MASKED:
            after, changed = [self._values.masking.whole(text) for text in texts], ~allowed
        else:
            after = self._values.of_attribute(place.key, texts, own)
            changed = ~allowed & np.array([new != old for new, old in zip(after, texts, strict=True)], dtype=np.bool_)
        if changed.any():
            rows = changed[places]
            frame.write(place, owners[rows], frame.pool.add(after)[places[rows]])
        found.add("masked", owners[changed[places]], place.key)
        found.add("allowed", owners[allowed[places]], place.key)


class _Named:
    """A column of names as codes."""

    def __init__(self, codes: np.ndarray, values: list[str]) -> None:
        self.codes, self.values = codes, values
