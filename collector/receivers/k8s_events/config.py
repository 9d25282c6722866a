"""Options of `k8s_events`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from collector.ingress.kubernetes.wanted import Wanted
from collector.transport.kubernetes.options import ApiOptions
from collector.units import parse_duration

Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


def _signed(given: str | float) -> float:
    negative = isinstance(given, str) and given.strip().startswith("-")
    secs: float = parse_duration(str(given).strip()[1:] if negative else given)
    return -secs if negative else secs


class K8sEventsConfig(ApiOptions):
    """Whom to ask, and whose events."""

    namespaces: list[Namespace] = []
    """Events of these namespaces; left out: of all."""
    dedup_interval: Annotated[float, BeforeValidator(_signed, json_schema_input_type=str | float)] = 0.0
    """An event that is counted on (the same uid) is a record again after so long at the earliest; 0: each time; negative: never."""
    storage: str = ""
    """Accepted, and does nothing: how far events were taken is kept in the journal, with them."""
    k8s_leader_elector: str = ""
    """Accepted, and does nothing: several replicas would each take all events; run one."""
    domain: str = ""
    """Whose records these are, where several domains are served; empty: the default."""

    def wanted(self) -> list[Wanted]:
        """A list for each namespace, or one for all."""
        names = dict.fromkeys(self.namespaces or [""])
        return [Wanted("events", namespace=name, left_out=frozenset({"DELETED"})) for name in names]

    def cautions(self) -> Mapping[str, str]:
        """Nobody is elected."""
        return {"k8s_leader_elector": "nobody is elected: run one replica"} if self.k8s_leader_elector else {}
