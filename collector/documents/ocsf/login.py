"""Authentication (3002): logins and logouts, and how they ended."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.facts import activity
from collector.documents.ocsf.catalogue import FAILURE, SUCCESS, UNKNOWN
from collector.documents.ocsf.endpoints import Ends
from collector.documents.ocsf.fields import Mask, Part
from collector.documents.ocsf.requests import STATUS, status_of
from collector.documents.ocsf.users import known_users

LOGON, LOGOFF = activity.LOGIN, activity.LOGOUT
"""The schema's numbers are the same; so is Unknown for neither."""
_RULE = ("logboom.triage.rule",)
_FAILED, _WORKED = r"(?i)fail|denied|reject|invalid|locked", r"(?i)success|succeeded|accepted|granted"


def logins(batch: LogBatch, part: Part, ends: Ends) -> Mask:
    """Records of a known user at a named service that say what he did; `part` holds all records."""
    possible = known_users(part) & (ends.has_service | ends.has_server)
    return possible & (activities(batch, part) > UNKNOWN).to_numpy() if possible.any() else possible


def activities(batch: LogBatch, part: Part) -> pl.Series:
    """Logon, Logoff; Unknown where nothing says so."""
    event = batch.column("event_name").gather(part.rows)
    path, method, rule = (part.text(*keys, take=False) for keys in (activity.PATHS, activity.METHODS, _RULE))
    return activity.activities(event, path, method, rule)


def statuses(batch: LogBatch, part: Part) -> pl.Series:
    """By the response, else the outcome that was sent, else the name of the event or rule."""
    outcome = _or_empty(part.text("event.outcome", "outcome", take=False), part)
    rule = part.text(*_RULE, take=False)
    said = pl.concat_str(pl.lit(outcome), pl.lit(batch.column("event_name").gather(part.rows).fill_null("")))
    failed = said.str.contains(_FAILED) | pl.lit(activity.refused(rule, len(part.rows)))
    status = pl.when(failed).then(FAILURE).when(said.str.contains(_WORKED)).then(SUCCESS).otherwise(UNKNOWN)
    found = pl.select(status.cast(pl.UInt8).alias("status")).to_series()
    code = part.number(*STATUS, low=100, high=599, take=False)
    return found if code is None else found.zip_with(code.is_null(), status_of(code))


def _or_empty(text: pl.Series | None, part: Part) -> pl.Series:
    return pl.repeat("", len(part.rows), dtype=pl.String, eager=True) if text is None else text.fill_null("")
