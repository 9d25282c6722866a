"""Archived records, back where they can be worked with: in a store, or on their way through a pipeline.

A store is given them as its exporter does, so each is there once, under its own id, whatever was there before and however often it is done; who was
killed meanwhile begins again. Nobody is told of them, and no issue is made: events that were archived come back as rows, not as what they cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.archive.reading import Archive, within
from collector.archive.rewriting import tables
from collector.archive.writing import ArchiveError
from collector.batch import LogBatch
from collector.query import Query
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows

_STEP = 4096
"""Records of one transaction, or one request."""


class Asked(NamedTuple):
    """Which records: of a domain and a time (nanoseconds; the end is no part of it), that a query takes."""

    domain: str
    since: int
    until: int
    query: Query


@dataclass(slots=True)
class Restored:
    """What was done.

    Args:
        records: that were asked for, in the objects that could be read.
        new: of them those that were not there before.
        damaged: a sentence for each object that could not be read whole.
    """

    objects: int = 0
    records: int = 0
    new: int = 0
    damaged: list[str] = field(default_factory=list)


Take = Callable[[LogBatch], int]
"""Takes some records; how many were new. What it raises ends the restore."""
Told = Callable[[Restored], None]


def restore(archive: Archive, asked: Asked, take: Take, told: Told = lambda _: None) -> Restored:
    """Hand over what is asked for, an object after the other, in pieces of some thousand records. Raises `TargetError`."""
    done = Restored()
    for listed in archive.objects(asked.domain, asked.since, asked.until):
        done.objects += 1
        try:
            for table in tables(archive.catalog, listed):
                for piece in _pieces(archive.opened(within(table, asked.since, asked.until)), asked):
                    done.records += len(piece)
                    done.new += take(piece)
        except ArchiveError as error:
            done.damaged.append(str(error))
        told(done)
    return done


def into(store: EmbeddedStore) -> Take:
    """Into a store: rows, and their counts by minute, in one transaction a piece."""
    return lambda batch: store.insert(rows(batch, Limits()))


def _pieces(batch: LogBatch, asked: Asked) -> Iterator[LogBatch]:
    if not len(batch):
        return
    taken = batch.filter(asked.query.mask(batch) & (batch.column("domain") == asked.domain))
    for start in range(0, len(taken), _STEP):
        yield taken.slice(start, _STEP).compact()
