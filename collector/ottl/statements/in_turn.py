"""A group record by record: for those that read what they write to something that records share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from collector.ottl.plain.compiling import Expression
from collector.ottl.plain.conditions import Some, Test, places_of
from collector.ottl.plain.indexing import ABSENT
from collector.ottl.plain.places import MAPS, Place
from collector.ottl.statements.asking import FAILURES, Errors, answer_of
from collector.ottl.statements.compiling import Statement
from collector.ottl.statements.editing import KEPT
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.running import Group


class run_in_turn:  # noqa: N801 - used as a function
    """Each place that the group touches as a list of values; a map is there whole where any of the group names it whole."""

    def __init__(self, frame: Frame, group: Group, errors: Errors) -> None:
        self._frame = frame
        self._group = group
        self._errors = errors
        touched = {place for one in group.statements for place in (one.target, *one.new.reads, *places_of(one.where))}
        touched |= places_of(Some(group.conditions))
        self._whole = {place for place in touched if place.key is None}
        self._values: dict[Place, list[Any]] = {}
        self._changed: dict[Place, set[int]] = {}
        self._positions: dict[Place, list[int] | None] = {}
        for place in {self._holder(one) for one in touched}:
            cells = frame.read(place)
            self._values[place] = [cells.values[code] for code in cells.codes.tolist()]
            positions = frame.positions(group.context, place.level)
            self._positions[place] = None if positions is None else positions.tolist()
        keyed = [place for place in self._values if place not in self._whole] if frame.pool.marks else []
        self._of_bodies = {place: set(np.flatnonzero(frame.pool.marked(frame.refs(place))).tolist()) for place in keyed}

    def _holder(self, place: Place) -> Place:
        return place.whole if place.whole in self._whole else place

    def run(self) -> npt.NDArray[np.bool_] | None:
        """Which records failed."""
        height = self._frame.height(self._group.context)
        stopped = np.zeros(height, dtype=np.bool_)
        for row in range(height):
            stopped[row] = not self._row(row)
        self._write_back()
        positions = self._frame.positions(type(self._group.context).RECORD, self._group.context)
        return None if not self._group.stops else stopped if positions is None else stopped[positions]

    def _row(self, row: int) -> bool:
        """False where an error stopped it."""
        if self._group.conditions and not self._holds(Some(self._group.conditions), "conditions", row):
            return True
        for statement in self._group.statements:
            try:
                if statement.where is None or answer_of(statement.where, lambda one: self._called(one, row)):
                    self._set(statement, row, self._called(statement.new, row))
            except FAILURES as error:
                self._errors.add(statement.text, 1, str(error))
                if self._group.stops:
                    return False
        return True

    def _holds(self, test: Test, text: str, row: int) -> bool:
        try:
            return answer_of(test, lambda one: bool(self._called(one, row)))
        except FAILURES as error:
            self._errors.add(text, 1, str(error))
            return False

    def _called(self, expression: Expression, row: int) -> Any:
        return expression.call([self._get(place, row) for place in expression.reads])

    def _at(self, holder: Place, row: int) -> int:
        positions = self._positions[holder]
        return row if positions is None else positions[row]

    def _get(self, place: Place, row: int) -> Any:
        holder = self._holder(place)
        value = self._values[holder][self._at(holder, row)]
        return value if holder == place else value.get(place.key)

    def _set(self, statement: Statement, row: int, new: Any) -> None:
        if new is KEPT:
            return
        place = statement.target
        holder = self._holder(place)
        at = self._at(holder, row)
        if holder != place:
            before = {key: value for key, value in self._values[holder][at].items() if key != place.key}
            new = before if new is ABSENT else {**self._values[holder][at], place.key: new}
        self._values[holder][at] = None if new is ABSENT else new
        if holder in self._of_bodies:
            self._mark(statement, row, holder, at)
        self._changed.setdefault(holder, set()).add(at)

    def _mark(self, statement: Statement, row: int, holder: Place, at: int) -> None:
        """What is made of what was taken out of the text of a body was, too."""
        read = (self._holder(place) for place in statement.new.reads)
        if any(self._at(place, row) in self._of_bodies.get(place, ()) for place in read):
            self._of_bodies[holder].add(at)
        else:
            self._of_bodies[holder].discard(at)

    def _write_back(self) -> None:
        for place, rows in self._changed.items():
            owners = np.array(sorted(rows), dtype=np.int64)
            values = [self._values[place][row] for row in owners.tolist()]
            if place.key is None and place.name in MAPS:
                self._frame.maps(place.level, place.name).replace(owners, np.arange(len(owners)), values)
                self._frame.forget_keys(place)
                continue
            refs = self._frame.pool.add(values)
            if marked := self._of_bodies.get(place):
                own = np.isin(owners, list(marked))
                refs = np.where(own, self._frame.pool.add(values, marked=True), refs)
            gone = np.array([place.key is not None and value is None for value in values], dtype=np.bool_)
            self._frame.write(place, owners, np.where(gone, -1, refs))
