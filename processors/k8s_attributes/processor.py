"""The behaviour of `k8s_attributes`: once for each distinct resource, never for a record."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.component import Context, Work
from collector.ottl.statements.pool import stored_as
from collector.reserved import CONNECTION as CONNECTION_KEY
from processors.k8s_attributes.cluster import CONNECTION, IP, Cluster, Key
from processors.k8s_attributes.config import K8sAttributesConfig

_NAMES = ("k8s.container.name", "container.id", "k8s.container.restart_count", "k8s.namespace.name", "k8s.node.name")
_WORKLOADS = {"Deployment": "deployment", "StatefulSet": "statefulset", "DaemonSet": "daemonset", "Job": "job"}
_UIDS = tuple(f"k8s.{word}.uid" for word in _WORKLOADS.values())
_BARE: tuple[list[str], ...] = (["k8s.pod.ip"], ["ip"], [CONNECTION], ["host.name"])
"""How a resource is known without `pod_association`."""
Told = Mapping[str, Any]


_Resource = tuple[str | None, ...]
"""What of a resource matters, as texts; None where it has none."""
_MOST_KNOWN = 10_000


class K8sAttributes:
    """See README.md."""

    def __init__(self, config: K8sAttributesConfig, context: Context) -> None:
        self._config = config
        self._cluster = context.helpers.of(context.id, lambda: Cluster(config))
        self._wait_until = 0.0
        self._waited = not config.wait_for_metadata or config.passthrough
        self._associations: Sequence[Sequence[str]] = [
            [source.name if source.from_ == "resource_attribute" else CONNECTION for source in one.sources]
            for one in config.pod_association
        ] or _BARE
        sources = [name for sources in self._associations for name in sources if name != CONNECTION]
        self._names = list(dict.fromkeys([*sources, *_NAMES, *_UIDS, CONNECTION_KEY]))
        self._known: tuple[int, dict[_Resource, Told]] = (-1, {})

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - it keeps nothing
        """The batch with attributes of its resources."""
        if not len(batch):
            return batch
        if not self._waited:
            self._wait()
        resources = self._resources(batch)
        version, known = self._known
        current = self._cluster.version()
        if version != current or len(known) > _MOST_KNOWN:
            version, known = current, {}
        told = []
        for resource in resources:
            if resource not in known:
                known[resource] = self._told(dict(zip(self._names, resource, strict=True)))
            told.append(known[resource])
        self._known = (version, known)
        return _filled(batch, told)

    def _wait(self) -> None:
        """The first records, all together, for so long."""
        self._wait_until = self._wait_until or time.monotonic() + self._config.wait_for_metadata_timeout
        self._waited = self._cluster.wait(self._wait_until) or time.monotonic() >= self._wait_until

    def _resources(self, batch: LogBatch) -> list[_Resource]:
        columns = [tables.aligned_text(batch.resource_attributes, name, batch.resources.height) for name in self._names]
        return list(zip(*(column.to_list() for column in columns), strict=True))

    def _told(self, has: Mapping[str, str | None]) -> Told:
        """What is to be set on a resource."""
        address = has[CONNECTION_KEY] or ""
        key = self._key(has, address)
        found: dict[str, Any] = {}
        seen = any(name == CONNECTION for name, _ in key)
        if address and (self._config.passthrough or (seen and self._cluster.telling.wants(IP))):
            found[IP] = address
        if self._config.passthrough:
            return found
        pod = self._cluster.pod(key) if key else None
        if pod is not None:
            found = {**self._cluster.attributes(pod), **found}
            restarts = has["k8s.container.restart_count"] or ""
            container = self._cluster.telling.of_container(
                pod,
                has["k8s.container.name"] or "",
                has["container.id"] or "",
                int(restarts) if restarts.isdigit() else None,
            )
            found = {**container, **found}
        namespace = pod.namespace if pod else has["k8s.namespace.name"] or ""
        if namespace:
            found = {**self._cluster.of("namespace", namespace), **found}
            if self._cluster.telling.wants("service.namespace"):
                found.setdefault("service.namespace", namespace)
        node = pod.node if pod and pod.node else has["k8s.node.name"] or ""
        owners = self._cluster.owners(pod) if pod else {}
        for kind, word in _WORKLOADS.items():
            uid = owners[kind].uid if kind in owners else has[f"k8s.{word}.uid"] or ""
            found = {**self._cluster.of(word, uid), **found} if uid else found
        return {**self._cluster.of("node", node), **found} if node else found

    def _key(self, has: Mapping[str, str | None], address: str) -> Key:
        """Of the first association all of whose sources the resource has."""
        for sources in self._associations:
            values = [address if name == CONNECTION else _value(name, has) for name in sources]
            if values and all(values):
                if self._associations is _BARE and sources[0] in ("ip", "host.name"):
                    return ((IP, values[0]),)
                return tuple(zip(sources, values, strict=True))
        return ()


def _value(name: str, has: Mapping[str, str | None]) -> str:
    """The value of a source; of `host.name` only an address counts."""
    value = has[name] or ""
    if name != "host.name":
        return value
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return ""


def _filled(batch: LogBatch, told: Sequence[Told]) -> LogBatch:
    """Attributes where a resource has none of that key, or an empty one; without what the door wrote."""
    table = tables.without_keys(batch.resource_attributes, [CONNECTION_KEY])
    pairs = [(owner, key) for owner, each in enumerate(told) for key in each]
    if not pairs:
        return batch if table is batch.resource_attributes else replace(batch, resource_attributes=table)
    wanted = pl.DataFrame(pairs, {"owner": pl.UInt32, "key": pl.String}, orient="row")
    full = table.filter((pl.col("string") != "") | pl.col("string").is_null()).select("owner", "key")
    adds = wanted.join(full, on=["owner", "key"], how="anti", maintain_order="left")
    stays = table.join(adds, on=["owner", "key"], how="anti", maintain_order="left")
    made = _rows(adds, [told[owner][key] for owner, key in adds.iter_rows()])
    return replace(batch, resource_attributes=tables.stack([stays, *made]).sort("owner", maintain_order=True))


def _rows(adds: pl.DataFrame, values: Sequence[Any]) -> Iterator[pl.DataFrame]:
    """Owners and keys with their values, as attributes."""
    stored = [stored_as(value) for value in values]
    for kind in dict.fromkeys(kind for kind, _ in stored):
        column = tables.VALUE_COLUMNS[kind]
        places = [at for at, (own, _) in enumerate(stored) if own is kind]
        given = pl.Series(column, [stored[at][1] for at in places], dtype=tables.ATTRIBUTES[column])
        kinds = pl.Series("kind", [int(kind)] * len(places), dtype=pl.UInt8)
        yield tables.conform(adds[places].with_columns(kinds, given))
