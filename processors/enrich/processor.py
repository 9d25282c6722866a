"""The behaviour of `enrich`: a look-up for each distinct key, none for a record."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, distinct_rows, encode
from collector.columns.tables import FROM_BODY
from collector.component import Context, Work
from collector.ottl.plain.getters import text
from collector.ottl.plain.places import ATTRIBUTES, Level, Place
from collector.ottl.statements.frame import Frame
from collector.transport.auth import client_authenticator
from processors.enrich.config import EnrichConfig
from processors.enrich.facts import Asked, Source, chosen
from processors.enrich.lookup import Answer, Lookup
from processors.enrich.service import Service
from processors.enrich.stores import File, Sqlite

_LEVELS = {"record": Level.RECORD, "resource": Level.RESOURCE}
Rows = npt.NDArray[np.int64]


class Enrich:
    """See README.md."""

    def __init__(self, config: EnrichConfig, context: Context) -> None:
        self._config, self._level = config, _LEVELS[config.level]
        self._prefix = config.prefix or f"{config.key}."
        self._lookup = context.helpers.of(
            context.id, lambda: Lookup(context.id, _source(config, context), config.cache)
        )

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - it keeps nothing
        """The batch with what is known of its keys."""
        if not len(batch):
            return batch
        frame = Frame(batch)
        place = Place(self._level, ATTRIBUTES, self._config.key)
        rows = np.flatnonzero((frame.refs(place) >= 0) & ~self._of_bodies(batch, frame.height(self._level)))
        if not len(rows):
            return batch
        cells = frame.read(place, rows)
        domains = self._domains(batch, frame.height(self._level))
        codes, first = distinct_rows([cells, domains.at(rows)])
        names = [*domains.values.to_pylist(), ""]
        asked = [
            Asked(text(cells.values[cells.codes[row]]) or "", names[domains.codes[rows[row]]]) for row in first.tolist()
        ]
        answers = self._lookup.answers((one for one in asked if one.key), self._config.budget)
        self._set(frame, rows, codes, [answers.get(one) for one in asked])
        return frame.done()

    def _domains(self, batch: LogBatch, height: int) -> Coded:
        """The domain of each record or resource, where that matters."""
        if not self._config.by_domain:
            return Coded(np.full(height, -1, dtype=np.int32), pl.Series([], dtype=pl.String).to_arrow())
        coded = encode(batch.column("domain"))
        if self._level is Level.RECORD:
            return coded
        codes = np.full(height, -1, dtype=np.int32)
        codes[batch.column("resource").to_numpy()] = coded.codes
        return Coded(codes, coded.values)

    def _of_bodies(self, batch: LogBatch, height: int) -> npt.NDArray[np.bool_]:
        """Keys that were taken out of the text of a body: anybody who gets a line into a log chooses them."""
        table = batch.attributes if self._level is Level.RECORD else batch.resource_attributes
        found = np.zeros(height, dtype=np.bool_)
        if FROM_BODY in table.columns:
            own = table.filter(pl.col(FROM_BODY).fill_null(False) & (pl.col("key") == self._config.key))
            found[own.get_column("owner").to_numpy()] = True
        return found

    def _set(self, frame: Frame, rows: Rows, codes: npt.NDArray[np.int32], answers: list[Answer | None]) -> None:
        """The facts, attribute by attribute, and the mark."""
        config = self._config
        facts = [
            chosen(answer.facts, config.fields, self._prefix) if answer is not None and answer.facts else {}
            for answer in answers
        ]
        columns = {
            name: [one.get(name) for one in facts] for name in dict.fromkeys(name for one in facts for name in one)
        }
        if config.mark:
            columns[config.mark] = [None if answer is None else str(answer.state) for answer in answers]
        for name, values in columns.items():
            place = Place(self._level, ATTRIBUTES, name)
            there = np.array([value is not None for value in values], dtype=np.bool_)[codes]
            if not config.override and name != config.mark:
                there &= frame.refs(place)[rows] < 0
            if there.any():
                frame.write(place, rows[there], _added(frame, values)[codes[there]])


def _added(frame: Frame, values: list[Any]) -> Rows:
    """References of facts: many keys have the same ones, and each is written down once."""
    known: dict[tuple[type, Any], int] = {}
    places = [known.setdefault((type(value), value), len(known)) for value in values]
    added: Rows = frame.pool.add([value for _, value in known])[places]
    return added


def _source(config: EnrichConfig, context: Context) -> Source:
    if config.file is not None:
        return File(config.file)
    if config.sqlite is not None:
        return Sqlite(config.sqlite)
    assert config.http is not None
    return Service(context.id, config.http, client_authenticator(config.http.auth, context))
