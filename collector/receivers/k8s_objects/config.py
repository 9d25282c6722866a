"""Options of `k8s_objects`: the OpenTelemetry Collector's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.ingress.kubernetes.wanted import Wanted
from collector.transport.kubernetes.options import ApiOptions
from collector.units import Duration

Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_HOUR = 3600.0


class Excluded(Config):
    """Namespaces that are left out."""

    strict: str = ""
    """By name."""
    regexp: str = ""
    """Or all a part of whose name matches."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.strict) == bool(self.regexp):
            raise ValueError("set exactly one of strict and regexp")
        try:
            re.compile(self.regexp)
        except re.error as error:
            raise ValueError(f"{self.regexp!r} is no regular expression: {error}") from error
        return self

    def pattern(self) -> re.Pattern[str]:
        """What is searched for in a name."""
        return re.compile(rf"^{re.escape(self.strict)}$" if self.strict else self.regexp)


class ObjectConfig(Config):
    """One kind of objects."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9./-]{0,252}$")
    """The name of their list: `pods`, `events`, `deployments`."""
    group: str = Field("", pattern=r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$")
    """Their API group; left out: the core's, else the first that has such a list."""
    namespaces: list[Namespace] = []
    """Those of these namespaces; left out: of all."""
    exclude_namespaces: list[Excluded] = []
    """Those of all namespaces but these."""
    mode: Literal["", "pull", "watch"] = ""
    """`pull`: all there is, each `interval`; `watch`: what changes. Left out: `pull`."""
    label_selector: str = ""
    """Those with such labels: `environment in (production), tier=frontend`."""
    field_selector: str = ""
    """Those with such fields: `status.phase=Running`."""
    interval: Duration = _HOUR
    """How often they are pulled; 0: each hour."""
    resource_version: str = ""
    """Where a watch begins at its first start, left out: now. Where it is pulled: all there is as of exactly that version."""
    persist_resource_version: bool = False
    """Accepted, and does nothing: how far was taken is kept in any case."""
    exclude_watch_type: list[Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]] = []
    """Changes that are no records."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.exclude_watch_type and not self.watched:
            raise ValueError("exclude_watch_type can only be used with mode: watch")
        if self.persist_resource_version and not self.watched:
            raise ValueError("persist_resource_version can only be used with mode: watch")
        if self.namespaces and self.exclude_namespaces:
            raise ValueError("namespaces and exclude_namespaces cannot both be set at the same time")
        return self

    @property
    def watched(self) -> bool:
        """Whether changes are taken."""
        return self.mode == "watch"


class K8sObjectsConfig(ApiOptions):
    """Whom to ask, and for what."""

    objects: list[ObjectConfig] = Field(min_length=1)
    """Which objects."""
    error_mode: Literal["propagate", "ignore", "silent"] = "propagate"
    """A kind that the server does not have is a condition of the service (`propagate`), a line of the log (`ignore`), or nothing (`silent`);
    it is asked for again in any case, and stops nothing."""
    include_initial_state: bool = False
    """Where changes are taken: at the first start all there is, as added."""
    storage: str = ""
    """Accepted, and does nothing: how far was taken is kept in the journal, with the records."""
    k8s_leader_elector: str = ""
    """Accepted, and does nothing: several replicas would each take all objects; run one."""
    domain: str = ""
    """Whose records these are, where several domains are served; empty: the default."""

    @model_validator(mode="after")
    def _only_watched(self) -> Self:
        if self.include_initial_state and not all(one.watched for one in self.objects):
            raise ValueError("include_initial_state can only be used with mode: watch")
        return self

    def wanted(self) -> list[Wanted]:
        """A list for each kind and namespace."""
        return [
            Wanted(
                one.name, one.group, name, one.label_selector, one.field_selector,
                0.0 if one.watched else one.interval or _HOUR, one.resource_version, frozenset(one.exclude_watch_type),
                [each.pattern() for each in one.exclude_namespaces], self.include_initial_state, self.error_mode,
            )
            for one in self.objects for name in dict.fromkeys(one.namespaces or [""])
        ]  # fmt: skip

    def cautions(self) -> Mapping[str, str]:
        """Nobody is elected."""
        return {"k8s_leader_elector": "nobody is elected: run one replica"} if self.k8s_leader_elector else {}
