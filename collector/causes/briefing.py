"""All that is known of an issue, for a reader that is no person: a language model, an agent. Redacted, and no longer than it may be.

One function makes it, of a row of the table `issues` (or of the event that tells one) and of what else is at hand. Whoever is given it is told that
it is data: lines of logs may say anything, also what looks like an instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import xxhash

from collector.causes.explaining import Explained
from collector.privacy.classes.scanner import masked_text
from collector.shaping.sensitive import masked

MOST_CHARACTERS = 12_000
_TEXT, _SAMPLE, _FRAMES, _VALUES, _VARIANTS, _HISTORY, _FINDINGS = 400, 1500, 12, 8, 3, 10, 5
_SAID = (
    "id",
    "title",
    "type",
    "category",
    "level",
    "priority",
    "state",
    "reason",
    "component",
    "service",
    "environment",
)
_BY = re.compile(r"(?<=^it was resolved )before by .*? \(")
_SIGNED = re.compile(r"^((?:resolved|archived|reopened|acknowledged)\b.*? by|assigned to) (?!nobody$).*", re.DOTALL)
_COUNTED = ("services", "endpoints", "versions", "environments")
_LAST_TO_STAY = ("history", "trend", "findings", "details", "seen_in", "samples", "grouping")
"""What goes first when it is too long."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """`document`: plain values, ready for JSON. `digest`: of what the fault is, not of how often it happened: the same as long as there is
    nothing else to say about it."""

    document: Mapping[str, Any]
    digest: str

    @property
    def text(self) -> str:
        """As JSON."""
        return orjson.dumps(self.document).decode()


def briefing(
    issue: Mapping[str, Any],
    activity: Sequence[Mapping[str, Any]] = (),
    explained: Explained | None = None,
    most_characters: int = MOST_CHARACTERS,
) -> Briefing:
    """What may be told of an issue.

    Args:
        issue: a row of the table `issues`; columns that hold JSON as text, or read.
        activity: rows of `issue_activity`, the newest first. Who did something is left out.
        explained: what the store knows of its cause.
        most_characters: of the document as JSON; what matters least is left out above it. The head of it always stays.
    """
    read, issue = dict(_parts(issue)), {**issue, "reason": _unsigned(issue)}
    document = {
        "issue": {name: _text(issue.get(_column(name))) for name in _SAID if issue.get(_column(name))},
        "events": issue.get("events") or 0,
        "users": issue.get("users") or 0,
        "first_seen": _time(issue.get("first_seen_unix_nano")),
        "last_seen": _time(issue.get("last_seen_unix_nano")),
        "known_cause": _text(issue.get("cause")),
        "known_suggestion": _text(issue.get("suggestion")),
        "grouping": list(_grouping(read["variants"])),
        "samples": [_text(body, _SAMPLE) for *_, body in read["samples"] or () if body],
        "seen_in": {name: _most(read[name]) for name in _COUNTED if read[name]},
        "details": {_text(name): _text(value) for name, value in (read["details"] or {}).items()},
        "findings": _findings(explained),
        "trend": [[_hour(hour), n] for hour, n, *_ in (read["trend"] or ())[-24:]],
        "history": [_happened(each) for each in activity[:_HISTORY]],
    }
    told = {name: value for name, value in document.items() if value}
    return Briefing(_fitting(told, most_characters), _digest(told))


def _column(name: str) -> str:
    return "issue_id" if name == "id" else name


def _parts(issue: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The columns that hold JSON, read; what was redacted to no JSON any more is left out."""
    for name in (*_COUNTED, "samples", "variants", "trend", "details"):
        value = issue.get(name) or None
        try:
            yield name, orjson.loads(value) if isinstance(value, str) else value
        except ValueError:
            yield name, None


def _grouping(variants: Any) -> Iterator[dict[str, Any]]:
    """Of the event `{id: [variant, frames, events]}`; of the command line, `[{grouping, variant, frames, events}]`."""
    found = (
        [(one["variant"], one["frames"], one["events"]) for one in variants]
        if isinstance(variants, list)
        else list((variants or {}).values())
    )
    for variant, frames, events in sorted(found, key=lambda one: -one[2])[:_VARIANTS]:
        yield {"by": variant, "frames": [_text(frame) for frame in frames[:_FRAMES]], "events": events}


def _findings(explained: Explained | None) -> list[dict[str, Any]]:
    if explained is None:
        return []
    changed = [
        {"changed": _text(one.sentence), "sure": round(one.confidence, 2)}
        for one in explained.cause.findings[:_FINDINGS]
    ]
    return changed + [
        {"look": _text(_BY.sub("before (", one.sentence)), "because": _text(one.because), "sure": round(one.confidence, 2)} for one in explained.suggestions[:_FINDINGS]
    ]  # fmt: skip


def _happened(activity: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "time": _time(activity.get("time_unix_nano")), "change": activity.get("change") or "", "reason": _text(_unsigned(activity)),
        "why": _text(activity.get("why")),
    }  # fmt: skip


def _unsigned(told: Mapping[str, Any]) -> str:
    """The reason, without the name of who gave it, or to whom it was given."""
    return _SIGNED.sub(r"\1 somebody", str(told.get("reason") or ""))


def _most(counts: Mapping[str, int]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return {_text(name): n for name, n in ordered[:_VALUES]}


def _text(value: Any, most: int = _TEXT) -> str:
    """Redacted before it is cut, so that no half of a secret stays."""
    text = masked(masked_text(str(value or "")[: 8 * most]))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _time(unix_nano: int | None) -> str:
    return datetime.fromtimestamp(unix_nano // 10**9, UTC).isoformat().replace("+00:00", "Z") if unix_nano else ""


def _hour(hour: int) -> str:
    return _time(hour * 3600 * 10**9)


def _fitting(document: dict[str, Any], most: int) -> dict[str, Any]:
    """Samples go one by one, then whole parts: the least telling first."""
    for name in _LAST_TO_STAY:
        while name in document and len(orjson.dumps(document).decode()) > most:
            shorter = document[name][:-1] if isinstance(document[name], list) else None
            document = {key: value for key, value in {**document, name: shorter}.items() if value}
    return document


def _digest(document: Mapping[str, Any]) -> str:
    own = document.get("issue", {})
    same = [
        [own.get(name) for name in ("title", "type", "category", "service")],
        [one["frames"] for one in document.get("grouping", ())[:1]],
        "known_cause" in document,
    ]
    return xxhash.xxh3_64_hexdigest(orjson.dumps(same))
