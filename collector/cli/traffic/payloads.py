"""Load: OTLP payloads made as columns from the scenario, each with its own serial number so that no two are equal."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

import otlp_wire
from collector.batch import ATTRIBUTES, RECORDS, RESOURCES, SCOPES, LogBatch, ValueKind
from collector.cli.traffic.scenario import SERVICES, SEVERITY_TEXT, Line, Service, lines, resource_of

SERIAL = "logboom.send.serial"
_PLACEHOLDER = "0" * 16


@dataclass(frozen=True, slots=True)
class Template:
    """A payload with a hole of 16 digits in its first record's attribute `logboom.send.serial`."""

    domain: str
    records: int
    head: bytes
    tail: bytes

    def numbered(self, serial: int) -> bytes:
        """The payload with its serial number filled in."""
        return b"%s%016d%s" % (self.head, serial, self.tail)


def templates(seed: int, batch_size: int, count: int) -> list[Template]:
    """`count` different payloads of `batch_size` records, spread over the scenario's services by their weight."""
    streams = {service.name: lines(seed + n, (service,)) for n, service in enumerate(SERVICES)}
    order = itertools.cycle(_by_weight())
    return [_template(service, streams[service.name], batch_size) for service in itertools.islice(order, count)]


def _by_weight() -> list[Service]:
    heaviest = sorted(SERVICES, key=lambda service: -sum(sentence.weight for sentence in service.sentences))
    return heaviest + heaviest[:2]


def _template(service: Service, stream: Iterator[Line], batch_size: int) -> Template:
    batch = as_batch(service, list(itertools.islice(stream, batch_size)))
    head, _, tail = otlp_wire.encode(batch).partition(_PLACEHOLDER.encode())
    return Template(service.domain, batch_size, head, tail)


def as_batch(service: Service, said: list[Line]) -> LogBatch:
    """The lines of one service as a batch; one scope a logger. Sample data: made once, not per record sent."""
    loggers = sorted({line.logger for line in said})
    now = time.time_ns()
    records = pl.DataFrame(
        {
            "time_unix_nano": [now + n for n in range(len(said))],
            "observed_time_unix_nano": [now + n for n in range(len(said))],
            "severity_number": [line.severity for line in said],
            "severity_text": [SEVERITY_TEXT[line.severity] for line in said],
            "body": [line.body for line in said],
            "scope": [loggers.index(line.logger) for line in said],
            "trace_id": [now.to_bytes(8, "big") + (n // 3).to_bytes(8, "big") for n in range(len(said))],
            "span_id": [(now + n // 2).to_bytes(8, "big") for n in range(len(said))],
        },
        schema_overrides=RECORDS,
    )
    fixed = {"body_any": None, "flags": 0, "event_name": "",
             "dropped_attributes_count": 0, "resource": 0, "payload": 0, "domain": service.domain, "record_id": ""}  # fmt: skip
    records = records.with_columns(pl.lit(value, RECORDS[name]).alias(name) for name, value in fixed.items())
    return LogBatch(
        records=records.select(list(RECORDS)),
        attributes=_attributes([(n, key, value) for n, line in enumerate(said) for key, value in _pairs(n, line)]),
        resources=pl.DataFrame(
            {"schema_url": [""], "dropped_attributes_count": [0], "entity_refs": [None]}, schema=RESOURCES
        ),
        resource_attributes=_attributes([(0, key, value) for key, value in resource_of(service).items()]),
        scopes=pl.DataFrame(
            [{"name": logger, "version": "", "schema_url": "", "dropped_attributes_count": 0} for logger in loggers],
            schema=SCOPES,
        ),
    )


def _pairs(position: int, line: Line) -> list[tuple[str, str | int]]:
    pairs = list(line.attributes.items())
    if line.error:
        pairs += [("exception.type", line.error[0]), ("exception.message", line.error[1])]
    return [(SERIAL, _PLACEHOLDER), *pairs] if position == 0 else pairs


def _attributes(rows: list[tuple[int, str, str | int]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"owner": owner, "key": key, "kind": ValueKind.INT, "int": value}
            if isinstance(value, int)
            else {"owner": owner, "key": key, "kind": ValueKind.STRING, "string": value}
            for owner, key, value in rows
        ],
        schema=ATTRIBUTES,
    )
