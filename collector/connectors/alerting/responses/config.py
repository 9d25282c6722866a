"""Options of responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.connectors.alerting.times_config import Name
from collector.shaping.names import Names
from collector.units import Duration

Target = Annotated[str, Field(max_length=253, pattern=r"^[^\s\x00-\x1f]*$")]


@lru_cache(1000)
def _names(patterns: tuple[str, ...]) -> Names:
    return Names(patterns, ignore_case=True)


class ResponseConfig(Config):
    """Something that may be done while a group of alerts goes on. Nothing is, unless it was approved and `dry_run` is off."""

    exporter: Name
    """Who does it: the id of an exporter that acts."""
    target: Target = ""
    """What it is done to, as that exporter names it: `api.service`, `shop/deployment/api`."""
    targets: dict[Name, Target] = Field({}, max_length=1000)
    """In the place of `target`: value of the label `by` → target. A value that is not here is acted on by nobody."""
    by: str = ""
    """The label that chooses among `targets`."""
    domains: list[Name] = Field([], max_length=1000)
    """Only alerts of these domains start it; `*` stands for any characters. Empty = all, which is for a service with one: a sender of any domain
    is heard then."""
    dry_run: bool = True
    """Only find out whether it could be done."""
    approval: Literal["required", "automatic"] = "required"
    """Who lets it begin: a person (`logboom responses approve`), or the guards alone."""
    approval_timeout: Duration = Field(1800.0, ge=60, le=86_400)
    """How long a proposal waits for a person."""
    cooldown: Duration = Field(900.0, ge=0)
    """How long a target is left alone after anything was proposed for it."""
    max_per_hour: int = Field(3, ge=1, le=60)
    """How often something is started on a target."""
    min_instances: int = Field(2, ge=1, le=50)
    """So many different instances must have told those alerts of the group that are about the target in the last five minutes
    (`service.instance.id`, pod, or host), and since the last response on it ended. Only with 1 it is enough that nobody says which it is."""
    max_share: float = Field(0.25, gt=0, le=1)
    """Of `targets`, how much may be under way or cooling down at once; one always may."""
    quiet_after_deployment: Duration = Field(600.0, ge=0)
    """How long after a deployment of the service nothing is done: it may heal, or be taken back."""
    rollback_within: Duration = Field(0.0, ge=0, le=1800)
    """It takes back a deployment: only so long after one of the service in its environment (labels `service` and `environment` of the alert), once
    for each, and never one that was a rollback itself. 0: it takes none back."""
    verify_after: Duration = Field(300.0, ge=10)
    """When it is judged: it helped if no record told an alert of the group about the target in the second half of that time."""
    breaker_after: int = Field(2, ge=1, le=20)
    """After so many failures in a row, or that did not help, nothing more is done to the target until a person says so."""
    breaker_window: Duration = Field(86_400.0, ge=60)
    """The time in which they are counted."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.target) == bool(self.targets):
            raise ValueError("exactly one of target and targets must be specified")
        if bool(self.targets) != bool(self.by):
            raise ValueError("targets and by belong together: by names the label that chooses one")
        if not all(self.targets.values()):
            raise ValueError("targets: none of them may be empty")
        return self

    @property
    def all_targets(self) -> Sequence[str]:
        """Each once."""
        return list(dict.fromkeys(self.targets.values())) if self.targets else [self.target]

    def serves(self, domain: str) -> bool:
        """Whether alerts of a domain start it."""
        return not self.domains or domain in _names(tuple(self.domains))

    def target_of(self, labels: Mapping[str, str]) -> str:
        """What an alert is about; empty: nothing that is acted on."""
        return self.target or self.targets.get(labels.get(self.by, ""), "")

    def sentence(self) -> str:
        """What it may do, for people."""
        what = (
            f"{self.exporter} on {self.target}"
            if self.target
            else f"{self.exporter} on one of {len(self.targets)} by {self.by}"
        )
        where = f" in {', '.join(self.domains)}" if self.domains else " in every domain"
        how = "dry run" if self.dry_run else "ACTS"
        who = "after approval" if self.approval == "required" else "without approval"
        kind = f"; takes back a deployment of the last {self.rollback_within:g} s" if self.rollback_within else ""
        return (
            f"{what}{where}: {how}, {who}; told by {self.min_instances} instances at least; at most {self.max_per_hour} an hour, {self.cooldown:g} s apart; "
            f"judged after {self.verify_after:g} s, stopped after {self.breaker_after} that did not help{kind}"
        )


class ResponseLimitsConfig(Config):
    """Over all responses."""

    enabled: bool = True
    """Off: nothing is proposed, approved or begun."""
    max_per_hour: int = Field(10, ge=1, le=1000)
    """How many are started in a domain."""
