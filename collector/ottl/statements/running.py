"""Groups of statements over a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.client_info import Wanted
from collector.ottl.plain.conditions import Some, Test, places_of
from collector.ottl.plain.indexing import ABSENT
from collector.ottl.plain.places import ATTRIBUTES, CACHE, Level, Place, asked_of_clients
from collector.ottl.plain.remembering import forget
from collector.ottl.statements import screening
from collector.ottl.statements.asking import FAILED, WRONG, YES, Asking, Errors, Outcome, evaluate
from collector.ottl.statements.compiling import Statement
from collector.ottl.statements.editing import KEPT, replaced_match, replaced_pattern, truncated
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.maps import Owners
from collector.ottl.statements.screening import MANY
from collector.ottl.statements.tables import TABLE_EDITORS, VALUE_EDITORS, each_value

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Group:
    """Statements that run together, on each record (or scope, or resource) for which one of `conditions` holds.

    Args:
        context: whose they are.
        statements: in order.
        conditions: any of them; none = all.
        shares_cache: the cache is that of the group before.
        stops: an error ends the group for its record, which fails (`propagate`).
        tells: whether errors are told (`silent`: no).
    """

    context: Level
    statements: tuple[Statement, ...]
    conditions: tuple[Test, ...] = ()
    shares_cache: bool = False
    stops: bool = False
    tells: bool = True

    @property
    def in_turn(self) -> bool:
        """Whether it reads what it writes to something that several records share."""
        return bool(self.read_again())

    @property
    def asks_of_clients(self) -> Wanted:
        """What it reads of requests."""
        read = {place for one in self.statements for place in (*one.reads, *one.new.reads)}
        return asked_of_clients(read | places_of(Some(self.conditions)))

    def read_again(self) -> list[str]:
        """The statements that write to something that several records share, and that the group reads."""
        read = {place for one in self.statements for place in one.reads} | places_of(Some(self.conditions))
        shared = (one for one in self.statements if one.target.level is not self.context)
        return [one.text for one in shared if any(_overlap(one.target, other) for other in read)]


def _overlap(one: Place, other: Place) -> bool:
    return one.whole == other.whole and (one.key is None or other.key is None or one.key == other.key)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left: the batch, its errors, and for each record whether it failed (`propagate`)."""

    batch: LogBatch
    errors: Errors
    failed: Rows | None


def run(batch: LogBatch, groups: Sequence[Group]) -> Ran:
    """All groups over a batch, in order."""
    from collector.ottl.statements.in_turn import run_in_turn

    if not len(batch):
        return Ran(batch, Errors(), None)
    frame, errors, failed = Frame(batch), Errors(), None
    for group in groups:
        told = errors if group.tells else Errors()
        if not group.shares_cache:
            frame.clear_caches()
        own = (run_in_turn if group.in_turn else _Columns)(frame, group, told).run()
        if own is not None and own.any():
            failed = own if failed is None else failed | own
    forget()
    return Ran(frame.done(), errors, failed)


class _Columns:
    """A group, statement by statement over all of its rows."""

    def __init__(self, frame: Frame, group: Group, errors: Errors) -> None:
        self._frame = frame
        self._group = group
        self._errors = errors
        self._level = group.context
        self._stopped = np.zeros(frame.height(group.context), dtype=np.bool_)

    def run(self) -> Rows | None:
        rows = np.arange(self._frame.height(self._level))
        if self._group.conditions:
            rows = self._where(Some(self._group.conditions), "conditions", rows)
        for statement in self._group.statements:
            active = rows[~self._stopped[rows]] if self._group.stops else rows
            if len(active) and statement.where is not None:
                active = self._where(statement.where, statement.text, active)
            if len(active):
                self._statement(statement, active)
        return self._records_of(self._stopped) if self._group.stops else None

    def _records_of(self, stopped: Rows) -> Rows:
        positions = self._frame.positions(Level.RECORD, self._level)
        return stopped if positions is None else stopped[positions]

    def _where(self, test: Test, text: str, rows: Owners) -> Owners:
        asking = Asking(self._frame, self._level)
        found = asking.answers(test, rows)
        self._fail(text, rows[found == WRONG], asking.reason)
        kept: Owners = rows[found == YES]
        return kept

    def _fail(self, text: str, rows: Owners, reason: str) -> None:
        self._errors.add(text, len(rows), reason)
        self._stopped[rows] = True

    def _statement(self, statement: Statement, rows: Owners) -> None:
        target = statement.target
        positions = self._frame.positions(self._level, target.level)
        if positions is not None and statement.arguments is not None and set(statement.new.reads) <= {target}:
            self._at_target(statement, rows, positions[rows])
        elif positions is None and self._on_table(statement, rows):
            return
        else:
            self._on_rows(statement, rows, positions)

    def _at_target(self, statement: Statement, rows: Owners, of_rows: Owners) -> None:
        """What is the same for all records of a resource: once for each, asked for its first record."""
        targets, first = np.unique(of_rows, return_index=True)
        if not self._on_table(statement, targets):
            outcome = evaluate(self._frame, statement.target.level, statement.new, targets)
            self._put(statement, outcome, rows[first], targets)

    def _on_table(self, statement: Statement, rows: Owners) -> bool:
        """Editors of whole maps, as one operation; whether it was one."""
        target, arguments = statement.target, statement.arguments
        if target.key is not None or target.name not in (ATTRIBUTES, CACHE):
            return False
        if statement.editor == "merge_maps" and self._merge(statement, rows):
            return True
        if arguments is None or statement.new.reads != (target,):
            return False
        if statement.editor in TABLE_EDITORS:
            maps = self._frame.maps(target.level, target.name)
            TABLE_EDITORS[statement.editor](maps, rows, *arguments)
        elif statement.editor in VALUE_EDITORS and arguments[0] != "key":
            maps = self._frame.maps(target.level, target.name)
            each_value(maps, rows, _change(statement.editor, arguments), _open_to(statement.editor, arguments))
        else:
            return False
        self._frame.forget_keys(target)
        return True

    def _merge(self, statement: Statement, rows: Owners) -> bool:
        """The cache, or another map of the same level, into this one: a union of tables."""
        source = statement.merges
        if source is None or source.level is not statement.target.level:
            return False
        target = statement.target
        maps, other = self._frame.maps(target.level, target.name), self._frame.maps(source.level, source.name)
        maps.union(rows, other, statement.strategy)
        self._frame.forget_keys(target)
        return True

    def _on_rows(self, statement: Statement, rows: Owners, positions: npt.NDArray[np.int64] | None) -> None:
        rows = self._with_match(statement, rows, positions)
        if len(rows):
            outcome = evaluate(self._frame, self._level, statement.new, rows)
            self._put(statement, outcome, rows, rows if positions is None else positions[rows])

    def _with_match(self, statement: Statement, rows: Owners, positions: npt.NDArray[np.int64] | None) -> Owners:
        """Without the rows whose text a `replace_pattern` leaves as it is."""
        if statement.editor != "replace_pattern" or statement.arguments is None or not statement.whole_value:
            return rows
        owners = rows if positions is None else positions[rows]
        if len(owners) < MANY:
            return rows
        if (texts := self._frame.texts(statement.target, owners)) is not None:
            open_: Owners = rows[screening.of_column(texts, statement.arguments[0])]
            return open_
        cells = self._frame.read(statement.target, owners)
        stays = screening.texts(cells.values) & ~screening.with_match(cells.values, statement.arguments[0])
        left: Owners = rows[~stays[cells.codes]]
        return left

    def _put(self, statement: Statement, outcome: Outcome, asked: Owners, rows: Owners) -> None:
        """The values into the target; of several for one row the last counts."""
        values = outcome.values
        wrong = np.array([value is FAILED for value in values], dtype=np.bool_)[outcome.codes]
        if wrong.any():
            self._fail(statement.text, asked[wrong], outcome.reason)
        stays = np.array([value is FAILED or value is KEPT for value in values], dtype=np.bool_)[outcome.codes]
        if stays.all():
            return
        rows, codes = rows[~stays], outcome.codes[~stays]
        last, at = np.unique(rows[::-1], return_index=True)
        codes = codes[::-1][at]
        place = statement.target
        if place.key is None and place.name in (ATTRIBUTES, CACHE):
            used, places = np.unique(codes, return_inverse=True)
            self._frame.maps(place.level, place.name).replace(last, places, [values[code] for code in used.tolist()])
            self._frame.forget_keys(place)
            return
        refs = self._refs(values, codes)
        if self._frame.pool.marks:
            marked = self._of_bodies(statement, asked[~stays][::-1][at])
            if marked.any():
                refs = np.where(marked, self._refs(values, codes, marked=True), refs)
        self._frame.write(place, last, refs)

    def _of_bodies(self, statement: Statement, asked: Owners) -> npt.NDArray[np.bool_]:
        """Of which rows something is read that was taken out of the text of a body: what is made of it was, too."""
        found = np.zeros(len(asked), dtype=np.bool_)
        for place in statement.new.reads:
            if place.key is not None:
                positions = self._frame.positions(self._level, place.level)
                found |= self._frame.pool.marked(
                    self._frame.refs(place)[asked if positions is None else positions[asked]]
                )
        return found

    def _refs(
        self, values: list[Any], codes: npt.NDArray[np.integer], *, marked: bool = False
    ) -> npt.NDArray[np.int64]:
        refs = np.full(len(values), -1, dtype=np.int64)
        used = [code for code in np.unique(codes).tolist() if values[code] is not ABSENT]
        refs[used] = self._frame.pool.add([values[code] for code in used], marked=marked)
        of_rows: npt.NDArray[np.int64] = refs[codes]
        return of_rows


def _open_to(editor: str, arguments: tuple[Any, ...]) -> Callable[[list[Any]], Rows]:
    """Which texts the editor may change."""
    if editor == "truncate_all":
        return lambda values: screening.longer(values, arguments[0])
    if editor == "replace_all_patterns":
        return lambda values: screening.with_match(values, arguments[1])
    return screening.texts


def _change(editor: str, arguments: tuple[Any, ...]) -> Any:
    if editor == "truncate_all":
        return lambda value: truncated(value, *arguments)
    if editor == "replace_all_patterns":
        return lambda value: replaced_pattern(value, *arguments[1:])
    return lambda value: replaced_match(value, *arguments)
