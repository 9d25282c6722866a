"""Authentication (3002): logins and logouts, and how they ended."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.ocsf.catalogue import FAILURE, SUCCESS, UNKNOWN
from collector.documents.ocsf.endpoints import Ends
from collector.documents.ocsf.fields import Mask, Part
from collector.documents.ocsf.requests import METHOD, STATUS, status_of
from collector.documents.ocsf.users import known_users

LOGON, LOGOFF = 1, 2
_IN, _OUT = r"log[_-]?in|log[_-]?on|sign[_-]?in|authenticat(?:e|ed|ion)", r"log[_-]?out|log[_-]?off|sign[_-]?out"
_EVENT = r"(?i)(?:^|[._/ -])(?:{})(?:$|[._/ -])"
_PATH = r"(?i)/(?:{})/?$"
_RULES = r"^security/(login-failed|brute-force)$"
_FAILED, _WORKED = r"(?i)fail|denied|reject|invalid|locked", r"(?i)success|succeeded|accepted|granted"


def logins(batch: LogBatch, part: Part, ends: Ends) -> Mask:
    """Records of a known user at a named service that say what he did; `part` holds all records."""
    possible = known_users(part) & (ends.has_service | ends.has_server)
    return possible & (activities(batch, part) > UNKNOWN).to_numpy() if possible.any() else possible


def activities(batch: LogBatch, part: Part) -> pl.Series:
    """Logon, Logoff; Unknown where nothing says so."""
    event = batch.column("event_name").gather(part.rows).fill_null("")
    path = _or_empty(part.text("url.path", "http.target", "http.route", "logboom.endpoint", take=False), part)
    posted = _or_empty(part.text(*METHOD, take=False), part) == "POST"
    rule = _or_empty(part.text("logboom.triage.rule", take=False), part)
    left = event.str.contains(_EVENT.format(_OUT)) | (path.str.contains(_PATH.format(_OUT)) & posted)
    came = event.str.contains(_EVENT.format(_IN)) | (path.str.contains(_PATH.format(_IN)) & posted)
    came |= rule.str.contains(_RULES)
    activity = pl.when(left).then(LOGOFF).when(came).then(LOGON).otherwise(UNKNOWN)
    return pl.select(activity.cast(pl.UInt8).alias("activity")).to_series()


def statuses(batch: LogBatch, part: Part) -> pl.Series:
    """By the response, else the outcome that was sent, else the name of the event or rule."""
    outcome = _or_empty(part.text("event.outcome", "outcome", take=False), part)
    rule = _or_empty(part.text("logboom.triage.rule", take=False), part)
    said = pl.concat_str(pl.lit(outcome), pl.lit(batch.column("event_name").gather(part.rows).fill_null("")))
    failed = said.str.contains(_FAILED) | pl.lit(rule).str.contains(_RULES)
    status = pl.when(failed).then(FAILURE).when(said.str.contains(_WORKED)).then(SUCCESS).otherwise(UNKNOWN)
    found = pl.select(status.cast(pl.UInt8).alias("status")).to_series()
    code = part.number(*STATUS, low=100, high=599, take=False)
    return found if code is None else found.zip_with(code.is_null(), status_of(code))


def _or_empty(text: pl.Series | None, part: Part) -> pl.Series:
    return pl.repeat("", len(part.rows), dtype=pl.String, eager=True) if text is None else text.fill_null("")
