"""Which monitored resource each resource is: its type, and the labels that Google asks of such.

{"type":"k8s_container","labels":{"location":"eu-west1","cluster_name":"c","namespace_name":"shop","pod_name":"web-1","container_name":"web"}}

As the Collector's exporter decides it (GoogleCloudPlatform/opentelemetry-operations-go, internal/resourcemapping).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import aligned_text
from collector.documents import quoted

_UNKNOWN = "unknown_service"
"""What SDKs write for a service without a name: it gives way to anything else."""
_ZONE, _REGION, _HOST = "cloud.availability_zone", "cloud.region", "host.id"
_SERVICE, _CLUSTER = "service.name", "k8s.cluster.name"
Text = Callable[[str], pl.Series]
"""An attribute of the resources, one text each; null where absent."""


class Label(NamedTuple):
    """The first of `keys` with a text, else `otherwise`."""

    keys: tuple[str, ...]
    otherwise: str = ""


_PLACE, _ANYWHERE = Label((_ZONE, _REGION)), Label((_ZONE, _REGION), "global")
_IN_CLUSTER = {"location": _PLACE, "cluster_name": Label((_CLUSTER,))}
_POD = {**_IN_CLUSTER, "namespace_name": Label(("k8s.namespace.name",)), "pod_name": Label(("k8s.pod.name",))}
TYPES: Mapping[str, Mapping[str, Label]] = {
    "gce_instance": {"zone": Label((_ZONE,)), "instance_id": Label((_HOST,))},
    "k8s_container": {**_POD, "container_name": Label(("k8s.container.name",))},
    "k8s_pod": _POD,
    "k8s_node": {**_IN_CLUSTER, "node_name": Label(("k8s.node.name",))},
    "k8s_cluster": _IN_CLUSTER,
    "gae_app": {"location": _PLACE, "module_id": Label(("faas.name",)), "version_id": Label(("faas.version",))},
    "aws_ec2_instance": {
        "instance_id": Label((_HOST,)), "region": _PLACE, "aws_account": Label(("cloud.account.id",)),
    },
    "baremetalsolution.googleapis.com/Instance": {"location": Label((_REGION,)), "instance_id": Label((_HOST,))},
    "generic_task": {
        "location": _ANYWHERE,
        "namespace": Label(("service.namespace",)),
        "job": Label((_SERVICE, "faas.name")),
        "task_id": Label(("service.instance.id", "faas.instance")),
    },
    "generic_node": {
        "location": _ANYWHERE, "namespace": Label(("service.namespace",)), "node_id": Label((_HOST, "host.name")),
    },
}  # fmt: skip
_PLATFORMS = {
    "gcp_app_engine": "gae_app",
    "gcp_compute_engine": "gce_instance",
    "aws_ec2": "aws_ec2_instance",
    "gcp_bare_metal_solution": "baremetalsolution.googleapis.com/Instance",
}


def monitored_resources(batch: LogBatch) -> pl.Series:
    """The monitored resource of each record as a JSON object."""
    height = batch.resources.height

    def text(key: str) -> pl.Series:
        return aligned_text(batch.resource_attributes, key, height)

    types = _types(text)
    found = pl.Series("resource", [None] * height, dtype=pl.String)
    for name in types.unique():
        found = _object(name, text).zip_with(types == name, found)
    return found.gather(batch.column("resource"))


def _types(text: Text) -> pl.Series:
    there = {key: pl.lit(text(key).is_not_null()) for key in _ASKED}
    task = (there[_SERVICE] & there["service.instance.id"]) | (there["faas.name"] & there["faas.instance"])
    kind = (
        pl.when(~there[_CLUSTER])
        .then(pl.when(task).then(pl.lit("generic_task")).otherwise(pl.lit("generic_node")))
        .when(there["k8s.container.name"])
        .then(pl.lit("k8s_container"))
        .when(there["k8s.pod.name"])
        .then(pl.lit("k8s_pod"))
        .when(there["k8s.node.name"])
        .then(pl.lit("k8s_node"))
        .otherwise(pl.lit("k8s_cluster"))
    )
    by_platform = text("cloud.platform").replace_strict(_PLATFORMS, default=None, return_dtype=pl.String)
    return pl.select(pl.coalesce(pl.lit(by_platform), kind).alias("type")).to_series()


_ASKED = (
    _CLUSTER, "k8s.container.name", "k8s.pod.name", "k8s.node.name", _SERVICE, "service.instance.id", "faas.name", "faas.instance",
)  # fmt: skip


def _object(name: str, text: Text) -> pl.Series:
    pieces = [pl.lit(f'{{"type":"{name}","labels":{{')]
    for at, (label, asked) in enumerate(TYPES[name].items()):
        pieces += [pl.lit(f'{"," if at else ""}"{label}":'), pl.lit(quoted(_value(asked, text)))]
    return pl.select(pl.concat_str([*pieces, pl.lit("}}")]).alias("resource")).to_series()


def _value(asked: Label, text: Text) -> pl.Series:
    given = [(said := text(key)).set(said == "", None) for key in asked.keys]
    known = [said.set(said.str.starts_with(_UNKNOWN).fill_null(False), None) for said in given]
    last = [given[0]] if asked.keys[0] == _SERVICE else given[-1:]
    return pl.select(pl.coalesce(*map(pl.lit, [*known, *last]), pl.lit(asked.otherwise)).alias("value")).to_series()
