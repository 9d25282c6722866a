"""Deployments that records tell of: a version of a service that was first seen while another one ran, and records that say that a deployment
succeeded (`deployment.status`, OpenTelemetry's attribute). Each becomes the event `logboom.deployment`, as one that somebody marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.component import Work
from collector.control.deployment import EVENT, Deployment, NoDeployment
from collector.documents.facts import happened

_STATUS, _SUCCEEDED = "deployment.status", "succeeded"
_SAID = ("service.name", "service.version", "deployment.environment.name", "deployment.id", "url.full")


class Told(NamedTuple):
    """A deployment, and the position of the record that tells of it."""

    row: int
    domain: str
    deployment: Deployment


def seen(row: int, domain: str, service: str, version: str, environment: str, at: int) -> Told | None:
    """A version whose first record came; None where it can't be named."""
    return _told(row, domain, service, version, environment, at, f"seen\0{service}\0{environment}\0{version}\0{at}", "")


def said(batch: LogBatch) -> list[Told]:
    """The sent records that say that a deployment succeeded; they have a name as events."""
    named = batch.column("event_name") != ""
    if not named.any():
        return []
    if (generation := batch.generation) is not None:
        named &= generation == 0
    rows = (named & (batch.attribute(_STATUS) == _SUCCEEDED)).fill_null(False).arg_true()
    if not len(rows):
        return []
    columns = [_either(batch, key).gather(rows).to_list() for key in _SAID]
    domains, times = (values.gather(rows).to_list() for values in (batch.column("domain"), happened(batch)))
    found = [
        _told(
            row,
            domain or "",
            service,
            version,
            environment,
            at,
            f"said\0{id_ or f'{service}{environment}{version}{at}'}",
            url,
        )
        for row, domain, at, service, version, environment, id_, url in zip(rows, domains, times, *columns, strict=True)
    ]
    return [one for one in found if one is not None]


def emit(told: Sequence[Told], work: Work) -> None:
    """Tell all of them."""
    if not told:
        return
    attributes = [one.deployment.attributes() for one in told]
    keys = list(dict.fromkeys(key for one in attributes for key in one))
    columns = {
        "body": [one.deployment.sentence() for one in told], "severity_number": [9] * len(told), "severity_text": ["INFO"] * len(told),
        "time_unix_nano": [one.deployment.time_unix_nano for one in told],
    }  # fmt: skip
    records = LogBatch.of(columns, {key: [one.get(key) for one in attributes] for key in keys}, scope="logboom")
    work.emit(EVENT, records, parents=pl.Series([one.row for one in told], dtype=pl.UInt32))


def _told(
    row: int,
    domain: str,
    service: str | None,
    version: str | None,
    environment: str | None,
    at: int,
    name: str,
    url: str | None,
) -> Told | None:
    id_ = xxhash.xxh3_128_hexdigest(f"{domain}\0{name}".encode("utf-8", "surrogatepass"))
    try:
        return Told(row, domain, Deployment(id_, service or "", version or "", environment or "", at, url or ""))
    except NoDeployment:
        return None


def _either(batch: LogBatch, key: str) -> pl.Series:
    own = batch.attribute_text(key)
    return own.zip_with(own.is_not_null(), batch.resource_attribute_text(key))
