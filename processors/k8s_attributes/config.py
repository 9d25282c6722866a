"""Options of `k8s_attributes`: the OpenTelemetry Collector's names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.transport.kubernetes.options import ApiOptions
from collector.units import Duration

_WORKLOADS = ("deployment", "statefulset", "daemonset", "replicaset", "job")
FIELDS = frozenset(
    {
        "k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.pod.hostname", "k8s.pod.ip", "k8s.pod.start_time", "k8s.node.name", "k8s.node.uid",
        "k8s.cluster.uid", "k8s.container.name", "container.id", "container.image.name", "container.image.tag", "container.image.repo_digests",
        "k8s.cronjob.name", "k8s.cronjob.uid", "service.namespace", "service.name", "service.version", "service.instance.id",
        *(f"k8s.{kind}.{what}" for kind in _WORKLOADS for what in ("name", "uid")),
    }
)  # fmt: skip
DEFAULT = (
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.pod.start_time",
    "k8s.deployment.name",
    "k8s.node.name",
)
_MOST_SOURCES = 4
_DOES_NOT_EXIST = ("does-not-exist", "not-exists")


class FieldExtract(Config):
    """Labels or annotations that become attributes."""

    tag_name: str = ""
    """The attribute; with `key_regex` it may name its groups: `$1`. Left out: `k8s.pod.labels.<key>`, and so on."""
    key: str = ""
    """The label or annotation."""
    key_regex: str = ""
    """Or: all whose whole name matches (RE2)."""
    from_: Literal["pod", "namespace", "node", "deployment", "statefulset", "daemonset", "job"] = Field(
        "pod", alias="from"
    )
    """Of what."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.key and self.key_regex:
            raise ValueError(
                f"Out of Key or KeyRegex only one option is expected to be configured at a time, currently Key:{self.key} and "
                f"KeyRegex:{self.key_regex}"
            )
        if self.key_regex:
            from collector.ottl.regex import problem_of  # loads polars: only where there is something to check

            if (problem := problem_of(self.key_regex)) is not None:
                raise ValueError(f"key_regex: {problem}")
        return self


class Extract(Config):
    """What is set."""

    metadata: list[str] = list(DEFAULT)
    """Attributes by their names; those of containers need to know which container it is."""
    labels: list[FieldExtract] = []
    """Labels."""
    annotations: list[FieldExtract] = []
    """Annotations."""
    otel_annotations: bool = False
    """Annotations of the pod `resource.opentelemetry.io/x` become attributes `x`."""
    deployment_name_from_replicaset: bool = False
    """The deployment's name is that of the replica set without the hash behind it: replica sets need not be followed."""

    @field_validator("metadata")
    @classmethod
    def _known(cls, given: list[str]) -> list[str]:
        for name in given:
            if name not in FIELDS:
                raise ValueError(f'"{name}" is not a supported metadata field')
        return given


class LabelFilter(Config):
    """A label or field that pods must have."""

    key: str
    """Its name."""
    value: str = ""
    """Its value."""
    op: Literal["", "equals", "not-equals", "exists", "does-not-exist", "not-exists"] = ""
    """How; left out: `equals`."""

    def selector(self) -> str:
        """As the API server reads it."""
        if self.op == "exists":
            return self.key
        if self.op in _DOES_NOT_EXIST:
            return f"!{self.key}"
        return f"{self.key}{'!=' if self.op == 'not-equals' else '='}{self.value}"


class Filter(Config):
    """Which pods are followed."""

    node: str = ""
    """Those of this node."""
    node_from_env_var: str = ""
    """Those of the node that this variable names."""
    namespace: str = ""
    """Those of this namespace."""
    fields: list[LabelFilter] = []
    """Those with such fields (`equals`, `not-equals`)."""
    labels: list[LabelFilter] = []
    """Those with such labels."""

    def on_node(self) -> str:
        """The node, empty: any."""
        return os.environ.get(self.node_from_env_var, "") if self.node_from_env_var else self.node


class Source(Config):
    """Something that a resource and its pod have in common."""

    from_: Literal["connection", "resource_attribute"] = Field(alias="from")
    """`connection`: the address of the request is the pod's; `resource_attribute`: an attribute is the pod's."""
    name: str = ""
    """The attribute."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.from_ == "resource_attribute" and not self.name:
            raise ValueError("a source from resource_attribute needs a name")
        return self


class Association(Config):
    """Sources that must all fit."""

    sources: list[Source] = []
    """One to four."""

    @field_validator("sources")
    @classmethod
    def _few(cls, given: list[Source]) -> list[Source]:
        if len(given) > _MOST_SOURCES:
            raise ValueError(f"too many association sources. limit is {_MOST_SOURCES}")
        return given


class ExcludedPod(Config):
    """Pods that are left out."""

    name: str
    """Expression that a part of their name matches."""


class Exclude(Config):
    """Which pods are not told of."""

    pods: list[ExcludedPod] = [ExcludedPod(name="jaeger-agent"), ExcludedPod(name="jaeger-collector")]
    """By name; and those with the annotation `opentelemetry.io/k8s-processor/ignore: "true"`."""


class K8sAttributesConfig(ApiOptions):
    """Whom to ask, which pod it is, and what of it is set."""

    passthrough: bool = False
    """Nobody is asked: the address of the request becomes `k8s.pod.ip`, for whoever is next."""
    extract: Extract = Extract()
    """What is set."""
    filter: Filter = Filter()
    """Which pods are followed."""
    pod_association: list[Association] = []
    """How a resource is known to be a pod's: the first all of whose sources the resource has. Left out: `k8s.pod.ip`, `ip`, the address of the
    request, an address in `host.name`."""
    exclude: Exclude = Exclude()
    """Which pods are not told of."""
    wait_for_metadata: bool = False
    """The first records wait until the API server has told of all pods."""
    wait_for_metadata_timeout: Duration = Field(10.0, le=45)
    """For so long."""
    watch_sync_period: Duration = 300.0
    """Accepted; no effect: what is followed is not asked for again."""
    pod_delete_grace_period: Duration = 120.0
    """So long a pod that is gone is remembered, for records that come late; one that is back by then stays."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for pod in self.exclude.pods:
            try:
                re.compile(pod.name)
            except re.error as error:
                raise ValueError(f"exclude: {error}") from error
        return self

    def knows_connections(self) -> bool:
        """Where the address of a request tells the pod."""
        sources = [source for association in self.pod_association for source in association.sources]
        return self.passthrough or not self.pod_association or any(source.from_ == "connection" for source in sources)

    def cautions(self) -> Mapping[str, str]:
        """A variable that is not there."""
        name = self.filter.node_from_env_var
        if name and name not in os.environ:
            return {
                "filter.node_from_env_var": f"{name} is not set here: without it the pods of all nodes are followed"
            }
        return {}
