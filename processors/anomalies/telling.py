"""Findings as records: events `logboom.anomaly.<kind>`, with all numbers behind them, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from collector.batch import LogBatch
from processors.anomalies.findings import Finding, Subject

FRONT = "logboom.anomaly."
_CATEGORIES = {"latency": "latency", "prediction": "prediction"}
_WARN, _ERROR, _INFO = 13, 17, 9
_NANOS_A_MINUTE = 60_000_000_000
_WORDS = {
    "new_pattern": "New pattern", "spike": "More than usual", "drop": "Less than usual", "silence": "Silent",
    "severity_mix": "More warnings and errors than usual", "new_value": "New value", "step": "Another level than usual",
    "trend": "Drifts from what is usual", "latency": "Slower than usual", "prediction": "Will reach its limit",
}  # fmt: skip


def records(findings: Sequence[Finding]) -> LogBatch:
    """One record a finding, all of one kind."""
    texts = [("service.name", [each.subject.service or None for each in findings])]
    texts += [("deployment.environment.name", [each.subject.environment or None for each in findings])]
    texts += [("logboom.component", [each.subject.service or None for each in findings])]
    texts += [("logboom.pattern.id", [each.subject.pattern or None for each in findings])]
    texts += [("logboom.pattern.template", [each.subject.template or None for each in findings])]
    attributes: dict[str, list[str | float | bool | None]] = {name: [*values] for name, values in texts}
    attributes["logboom.triage.level"] = [_level(each) for each in findings]
    attributes[f"{FRONT}key"] = [each.key for each in findings]
    attributes[f"{FRONT}category"] = [_CATEGORIES.get(each.kind, "anomaly") for each in findings]
    attributes[f"{FRONT}page"] = [each.page for each in findings]
    attributes[f"{FRONT}expected"] = [float(round(each.expected, 3)) for each in findings]
    attributes[f"{FRONT}seen"] = [float(round(each.seen, 3)) for each in findings]
    attributes[f"{FRONT}minutes"] = [float(each.minutes) for each in findings]
    attributes[f"{FRONT}since"] = [_moment(each.since) for each in findings]
    attributes[f"{FRONT}confidence"] = [float(each.confidence) for each in findings]
    attributes[f"{FRONT}over"] = [_moment(each.at + 1) if each.over else None for each in findings]
    for name in dict.fromkeys(name for each in findings for name, _ in each.more):
        attributes[name] = [dict(each.more).get(name) or None for each in findings]
    columns = {
        "body": [sentence(each) for each in findings],
        "severity_number": [_severity(each) for each in findings],
        "time_unix_nano": [(each.at + 1) * _NANOS_A_MINUTE for each in findings],
    }
    return LogBatch.of(columns, attributes)


def sentence(each: Finding) -> str:
    """What was expected, what is seen, since when, how sure."""
    said = f"{_WORDS[each.kind]}: {_about(each.subject)}"
    if each.kind == "prediction":
        said += _foretold(each)
    elif each.kind == "silence":
        said += f", nothing for {each.minutes} minutes; {each.expected:.3g} records expected"
    else:
        said += f", {each.seen:.4g} {each.unit} in {each.minutes} minutes; {each.expected:.4g} expected"
    said += f"; since {_moment(each.since)}; {100 * each.confidence:.3g} % sure"
    return f"Over: {said}" if each.over else said


def _foretold(each: Finding) -> str:
    more = dict(each.more)
    left, soonest, latest = (float(more[f"{FRONT}minutes_left{end}"]) for end in ("", "_low", "_high"))
    return f", in about {_time(left)} ({_time(soonest)} to {_time(latest)}); now {abs(each.seen):.4g}, limit {abs(each.expected):.4g}"


def _time(minutes: float) -> str:
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 2880 else f"{minutes / 1440:.1f} d"


def _about(subject: Subject) -> str:
    what = subject.template or subject.name or "all records"
    if subject.template and subject.name:
        what = f"{subject.template} ({subject.name})"
    of = " ".join(part for part in (subject.level, "of", subject.service or "an unnamed service") if part)
    return f"“{what}” {of}" + (f" in {subject.environment}" if subject.environment else "")


def _moment(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _level(each: Finding) -> str:
    if each.over:
        return "info"
    if each.page:
        return "critical"
    return "warning" if each.subject.level in ("warning", "critical") or each.kind != "new_pattern" else "info"


def _severity(each: Finding) -> int:
    return {"critical": _ERROR, "warning": _WARN}.get(_level(each), _INFO)
