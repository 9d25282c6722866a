"""Deployments that records tell of: a version of a service that was first seen while another one ran, events that say that a deployment succeeded
(`deployment.status`) or a pipeline's task that deploys (`cicd.pipeline.task.*`), and Kubernetes' own. Each becomes the event `logboom.deployment`, as one
that somebody marks.
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
_TASK, _RESULT = "cicd.pipeline.task.type", "cicd.pipeline.task.run.result"
_SAID = {
    "service": ("service.name",), "version": ("service.version", "vcs.ref.head.revision", "vcs.ref.head.name"),
    "environment": ("deployment.environment.name",), "id": ("deployment.id", "cicd.pipeline.task.run.id"),
    "url": ("url.full", "cicd.pipeline.task.run.url.full", "cicd.pipeline.run.url.full"),
}  # fmt: skip
"""Where events say it, as OpenTelemetry's conventions name it."""
_KIND = "k8s.object.kind"
_FEW = 1000
"""Attributes of resources that cost less as a list than an expression does."""
_FIRST_PODS = r"^Scaled up replica set (?P<name>[a-z0-9.-]+)-(?P<hash>[a-z0-9]{5,10})(?: from 0 to [0-9]+| to 1\b)"
"""Older ones leave out from how many: then only the first pod is certain to be a new version's."""


class Told(NamedTuple):
    """A deployment, and the position of the record that tells of it. `guessed`: its environment is a namespace's name."""

    row: int
    domain: str
    deployment: Deployment
    guessed: bool = False


def seen(row: int, domain: str, service: str, version: str, environment: str, at: int) -> Told | None:
    """A version whose first record came; None where it can't be named."""
    return _told(row, domain, service, version, environment, at, f"seen\0{service}\0{environment}\0{version}\0{at}", "")


def said(batch: LogBatch) -> list[Told]:
    """The sent records that say that something was deployed."""
    return [*_events(batch), *_rollouts(batch)]


def _events(batch: LogBatch) -> list[Told]:
    """Events that say that a deployment succeeded, or a task of a pipeline that deploys."""
    named = batch.column("event_name") != ""
    if not named.any():
        return []
    if (generation := batch.generation) is not None:
        named &= generation == 0
    done = batch.attribute(_STATUS) == _SUCCEEDED
    task = (batch.attribute(_TASK) == "deploy") & (batch.attribute(_RESULT) == "success")
    rows = (named & (done.fill_null(False) | task.fill_null(False))).arg_true()
    if not len(rows):
        return []
    texts = {key: _either(batch, key).gather(rows) for key in dict.fromkeys(sum(_SAID.values(), ()))}
    columns = [pl.select(pl.coalesce(texts[key] for key in keys)).to_series().to_list() for keys in _SAID.values()]
    domains, times = (values.gather(rows).to_list() for values in (batch.column("domain"), happened(batch)))
    found = [
        _told(row, domain or "", service, version, environment, at,
              f"said\0{id_ or f'{service}{environment}{version}{at}'}", url)
        for row, domain, at, service, version, environment, id_, url in zip(rows, domains, times, *columns, strict=True)
    ]  # fmt: skip
    return [one for one in found if one is not None]


def _rollouts(batch: LogBatch) -> list[Told]:
    """Events of Kubernetes that tell of the first pods of a Deployment's new replica set. Its version is the hash of the pods' template."""
    there = batch.resource_attributes.get_column("key")
    if not (_KIND in there.to_list() if len(there) < _FEW else (there == _KIND).any()):
        return []
    kinds = (batch.resource_attribute(_KIND) == "Deployment").fill_null(False)
    if (generation := batch.generation) is not None:
        kinds &= generation == 0
    rows = kinds.arg_true()
    parts = batch.column("body").gather(rows).str.extract_groups(_FIRST_PODS).struct.unnest()
    keys = ("k8s.object.name", "k8s.namespace.name", "service.name", "deployment.environment.name")
    columns = [_either(batch, key).gather(rows).to_list() for key in keys]
    domains, times = (values.gather(rows).to_list() for values in (batch.column("domain"), happened(batch)))
    found = []
    for row, domain, at, name, space, service, environment, whole, hash_ in zip(
        rows, domains, times, *columns, *(parts.get_column(each).to_list() for each in ("name", "hash")), strict=True
    ):
        if hash_ and whole == name:
            who, where = service or name, environment or space
            made = _told(row, domain or "", who, hash_, where, at, f"k8s\0{space}\0{name}\0{hash_}\0{at}", "")
            found += [made._replace(guessed=not environment)] if made is not None else []
    return found


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
