"""Was it the deployment: a new version shortly before, and the fault within it, not in the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from collector.causes.significance import GATE, p_values

SOON_NS = 30 * 60 * 10**9
"""What begins later is not laid at its door."""
_FEWEST = 20
"""Records of the old and of the new version, at least, for their rates to be compared."""
_FEWEST_ERRORS = 3
_NEARLY_ALL, _MOST_TRAFFIC = 0.95, 0.7


class Deployed(NamedTuple):
    """A version of a service that runs since `since`. `marked`: somebody said so; else it is when its first record came."""

    service: str
    version: str
    environment: str
    since: int
    marked: bool = False


class Blamed(NamedTuple):
    """A deployment with what speaks against it: `failed` of `failures` records of the fault are of this version, which makes `traffic` (0 to
    1) of all that the service says. Where its records say no version, `failed` is 0: there is the time alone."""

    deployed: Deployed
    failed: int
    failures: int
    traffic: float
    p: float

    @property
    def confidence(self) -> float:
        """How sure that is; the time alone is no proof, nor are two events."""
        if self.failures < _FEWEST_ERRORS:
            return 0.3
        if not self.failed:
            return 0.45
        return 0.95 if self.failed >= 0.9 * self.failures else 0.7


def first_seen(records: pl.DataFrame) -> list[Deployed]:
    """Versions of services that have predecessors in these records, and when they were first seen."""
    told = records.drop_nulls("service.version").filter(pl.col("service") != "")
    environment = pl.col("deployment.environment.name").fill_null("").alias("environment")
    versions = told.group_by("service", environment, "service.version").agg(since=pl.col("time").min())
    latest = versions.filter(pl.col("since") > pl.col("since").min().over("service", "environment"))
    rows = latest.sort("service", "environment", "since").select("service", "service.version", "environment", "since")
    return [Deployed(*row) for row in rows.iter_rows()]


def blamed(deployments: Sequence[Deployed], began: int, failing: pl.DataFrame, every: pl.DataFrame) -> list[Blamed]:
    """The deployments that the fault is concentrated in, the surest first.

    Args:
        deployments: what is known of them.
        began: the fault's onset.
        failing: the records of the fault.
        every: all records since the onset, with those.
    """
    found = [
        one for each in deployments
        if 0 <= began - each.since <= SOON_NS and (one := _blamed(each, failing, every)) is not None
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.p, -one.deployed.since, one.deployed))


def _blamed(each: Deployed, failing: pl.DataFrame, every: pl.DataFrame) -> Blamed | None:
    failed, failures = _of_version(failing, each)
    said, all_said = _of_version(every, each)
    if failures < 0.5 * failing.height or not failures:
        return None
    if each.marked and _says_no_version(every, each):
        return Blamed(each, 0, failures, 1.0, 1.0)
    return concentrated(each, failed, failures, said, all_said)


def concentrated(each: Deployed, failed: int, failures: int, said: int, all_said: int) -> Blamed | None:
    """Whether a fault is in this version, not in others: `failed` of its `failures` are, and `said` of `all_said` records of the service."""
    if not failed:
        return None
    traffic = said / max(1, all_said)
    old, old_failed = all_said - said, failures - failed
    if min(said, old) >= _FEWEST:
        p = float(p_values([failed], [said], [old_failed], [old])[0])
        return Blamed(each, failed, failures, traffic, p) if p < GATE else None
    concentrated = failed >= _NEARLY_ALL * failures and traffic < _MOST_TRAFFIC
    replaced = each.marked and failed == failures
    return Blamed(each, failed, failures, traffic, GATE) if concentrated or replaced else None


def _says_no_version(records: pl.DataFrame, each: Deployed) -> bool:
    return records.filter(pl.col("service") == each.service).get_column("service.version").is_null().all()


def _of_version(records: pl.DataFrame, each: Deployed) -> tuple[int, int]:
    """How many records are of it, and of the service in its environment."""
    environment = pl.col("deployment.environment.name").fill_null(each.environment)
    own = records.filter((pl.col("service") == each.service) & (environment == each.environment))
    return own.filter(pl.col("service.version") == each.version).height, own.height
