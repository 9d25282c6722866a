"""A posted alert, checked as Alertmanager does.

Source: Alertmanager, `api/v2/api.go` (`postAlertsHandler`), `types.Alert.Validate`; Prometheus, data model: names of labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from collector.errors import InvalidPayload

NANOS = 1_000_000_000
NAME = "alertname"
_MOST_LABELS, _MOST_TEXT = 64, 4096
_ZERO = "0001-01-01T00:00:00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadAlert(ValueError):
    """It is none; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One alert. Times in ns; `ends` is when it is over unless it is told again."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts: int
    ends: int
    url: str = ""

    def first(self, names: Sequence[str]) -> str:
        """The first of these labels that it has."""
        return next((self.labels[name] for name in names if self.labels.get(name)), "")


def posted(body: bytes, now: int, resolve_timeout: int) -> tuple[list[Posted], list[str]]:
    """The alerts of a body, and what is wrong with the others. Raises `InvalidPayload`: it is no list of them."""
    try:
        given = orjson.loads(body)
    except ValueError:
        raise InvalidPayload("body: not valid JSON") from None
    if not isinstance(given, list):
        raise InvalidPayload("body: a list of alerts is needed")
    good, bad = list[Posted](), list[str]()
    for number, each in enumerate(given):
        try:
            good.append(_alert(each, now, resolve_timeout))
        except BadAlert as problem:
            bad.append(f"alert {number}: {problem}")
    return good, bad


def _alert(given: Any, now: int, resolve_timeout: int) -> Posted:
    if not isinstance(given, dict):
        raise BadAlert("an object is needed")
    labels, annotations = _texts(given.get("labels"), "labels"), _texts(given.get("annotations"), "annotations")
    if not labels:
        raise BadAlert("at least one label pair required")
    ends = _moment(given.get("endsAt"), "endsAt")
    starts = _moment(given.get("startsAt"), "startsAt") or ends or now
    if ends and ends < starts:
        raise BadAlert("start time must be before end time")
    url = given.get("generatorURL")
    shown = url if isinstance(url, str) and url.startswith(("http://", "https://")) and len(url) <= _MOST_TEXT else ""
    return Posted(labels, annotations, starts, ends or now + resolve_timeout, shown)


def _texts(given: Any, what: str) -> dict[str, str]:
    """An object of texts; what is empty is absent."""
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > _MOST_LABELS:
        raise BadAlert(f"{what}: an object of at most {_MOST_LABELS} texts is needed")
    for name, value in given.items():
        if not name or not isinstance(value, str):
            raise BadAlert(f"{what}: {str(name)[:100]!r} is no name with a text")
        if len(name) > _MOST_TEXT or len(value) > (_MOST_TEXT << (what == "annotations") * 2):
            raise BadAlert(f"{what}: {name[:100]!r} is too long")
    return {name: value for name, value in sorted(given.items()) if value}


def _moment(given: Any, what: str) -> int:
    """RFC 3339, in ns; 0 for none."""
    if given is None or (isinstance(given, str) and (not given or given.startswith(_ZERO))):
        return 0
    try:
        at = datetime.fromisoformat(given)
        if at.tzinfo is None:
            raise ValueError
        nanos = (at - _EPOCH) // timedelta(microseconds=1) * 1000
        if not 0 < nanos < 1 << 63:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise BadAlert(f"{what}: a time such as 2026-03-01T12:00:00Z is needed") from None
    return nanos
