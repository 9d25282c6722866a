"""Counts, told with the step or once an interval."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import orjson
import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.component import Context, Due, State, Work
from collector.connectors.count.config import CountConfig
from collector.connectors.count.tally import Counted, Tally

KIND = "logboom.count"
NAME, VALUE, INTERVAL = "logboom.count.name", "logboom.count.value", "logboom.count.interval_ms"
_INFO = 9
_NANOS, _NANOS_PER_MS = 1_000_000_000, 1_000_000


class Count:
    """See README.md. Of an interval it keeps, under its end, a value for each count: name, attributes and number."""

    def __init__(self, config: CountConfig, context: Context) -> None:  # noqa: ARG002  it hands on nothing
        self._tallies = {name: Tally(name, logs) for name, logs in config.logs.items()}
        self._interval = int(config.interval * _NANOS)

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        """Nothing is handed on; what is told is emitted."""
        counted = [each for tally in self._tallies.values() for each in tally.of(batch)]
        if not self._interval:
            self._tell(work, counted)
            return {}
        by_domain: defaultdict[str, list[Counted]] = defaultdict(list)
        for each in counted:
            by_domain[each.domain].append(each)
        for domain, mine in by_domain.items():
            self._keep(work, domain, mine)
        return {}

    def tick(self, due: Due, work: Work) -> None:
        """An interval has ended."""
        state = work.state(due.domain)
        kept = [(name, _read(due.domain, value)) for name, value in state.scan(_prefix(due.name))]
        for name, _ in kept:
            state.delete(name)
        self._emit(work, [each for _, each in kept], due.at_unix_nano)

    def _keep(self, work: Work, domain: str, counted: Sequence[Counted]) -> None:
        end = (work.now_unix_nano // self._interval + 1) * self._interval
        state = work.state(domain)
        sums: Counter[bytes] = Counter()
        named: dict[bytes, Counted] = {}
        for each in counted:
            name = _prefix(str(end)) + xxhash.xxh3_64_digest(orjson.dumps([each.name, each.attributes]))
            sums[name] += each.records
            named[name] = each
        if state.excess_bytes():  # they are told at once, in more records
            self._tell(work, counted)
            return
        before = {name: _read(domain, value).records for name, value in state.get_many(list(named)).items()}
        for name, each in named.items():
            _write(state, name, each._replace(records=sums[name] + before.get(name, 0)))
        work.wake(domain, str(end), end)

    def _tell(self, work: Work, counted: Sequence[Counted]) -> None:
        rows = pl.Series([each.row for each in counted], dtype=pl.UInt32)
        self._emit(work, counted, work.now_unix_nano, rows, within_step=True)

    def _emit(
        self,
        work: Work,
        counted: Sequence[Counted],
        at: int,
        parents: pl.Series | None = None,
        within_step: bool = False,
    ) -> None:
        """One record for each count, all in one batch."""
        if not counted:
            return
        columns = {
            "body": [self._text(each) for each in counted],
            "severity_number": [_INFO] * len(counted),
            "time_unix_nano": [at] * len(counted),
        }
        work.emit(KIND, LogBatch.of(columns, self._attributes(counted, within_step)), parents=parents)

    def _attributes(self, counted: Sequence[Counted], within_step: bool) -> dict[str, list[str | int | None]]:
        keys = dict.fromkeys(key for each in counted for key, _ in each.attributes)
        given = [dict(each.attributes) for each in counted]
        found: dict[str, list[str | int | None]] = {key: [each.get(key) for each in given] for key in keys}
        found[NAME] = [each.name for each in counted]
        found[VALUE] = [each.records for each in counted]
        if not within_step:
            found[INTERVAL] = [self._interval // _NANOS_PER_MS] * len(counted)
        return found

    def _text(self, each: Counted) -> str:
        tally = self._tallies.get(each.name)
        said = tally.description if tally is not None and tally.description else each.name
        of = ", ".join(f"{key}={value}" for key, value in each.attributes)
        return f"{said}: {each.records}" + (f" ({of})" if of else "")


def _prefix(end: str) -> bytes:
    return f"{end}/".encode()


def _write(state: State, name: bytes, each: Counted) -> None:
    state.put(name, orjson.dumps([each.name, each.attributes, each.records]))


def _read(domain: str, value: bytes) -> Counted:
    name, attributes, records = orjson.loads(value)
    return Counted(domain, name, _pairs(attributes), records, 0)


def _pairs(attributes: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, text) for key, text in attributes)
