"""Was it a login or a logout, and was it refused: said by the name of the event, by a POST to such a path, or by the rule
that triage found.

Models read the columns each in their own way (a schema may take no value that is too long), and ask here what they mean.
"""

from __future__ import annotations

import polars as pl

PATHS = ("url.path", "http.target", "http.route", "logboom.endpoint")
"""Attributes that hold the path of a request, best first."""
METHODS = ("http.request.method", "http.method")
NOTHING, LOGIN, LOGOUT = 0, 1, 2

_IN, _OUT = r"log[_-]?in|log[_-]?on|sign[_-]?in|authenticat(?:e|ed|ion)", r"log[_-]?out|log[_-]?off|sign[_-]?out"
_EVENT = r"(?i)(?:^|[._/ -])(?:{})(?:$|[._/ -])"
_PATH = r"(?i)/(?:{})/?(?:[?#]|$)"
_RULES = ("security/login-failed", "security/brute-force", "security/token-invalid")


def activities(event: pl.Series, path: pl.Series | None, method: pl.Series | None, rule: pl.Series | None) -> pl.Series:
    """LOGIN, LOGOUT or NOTHING for each record: UInt8.

    Args:
        event: `event_name`.
        path: the first of `PATHS` that is there; None: nobody says, as in the others.
        method: the first of `METHODS`.
        rule: `logboom.triage.rule`.
    """
    came, left = _says(event, _EVENT, _IN), _says(event, _EVENT, _OUT)
    if path is not None and method is not None and (posted := (method == "POST").fill_null(False)).any():
        asked = path.set(~posted, None)
        came, left = came | _says(asked, _PATH, _IN), left | _says(asked, _PATH, _OUT)
    came |= refused(rule, len(event))
    activity = pl.when(left).then(LOGOUT).when(came).then(LOGIN).otherwise(NOTHING)
    return pl.select(activity.cast(pl.UInt8).alias("activity")).to_series()


def refused(rule: pl.Series | None, height: int) -> pl.Series:
    """Where the rule says that a login was refused."""
    if rule is None:
        return pl.Series([False]).new_from_index(0, height)
    return rule.is_in(_RULES).fill_null(False)


def _says(text: pl.Series, form: str, words: str) -> pl.Series:
    """Once for each distinct text: names of events and paths repeat themselves."""
    if not text.len() or text.null_count() == len(text):
        return pl.Series([False]).new_from_index(0, len(text))
    distinct = text.unique()
    saying = distinct.filter(distinct.str.contains(form.format(words)).fill_null(False))
    if not len(saying):
        return pl.Series([False]).new_from_index(0, len(text))
    return text.is_in(saying.implode()).fill_null(False)
