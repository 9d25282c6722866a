"""What a notice says, in plain words. Nothing is escaped, every text is bounded: exporters have bounds of their own below these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.notices.notice import Alert, Notice
from collector.visible import visible

_MOST_TITLE, _MOST_VALUE, _MOST_NOTE, _ONE_LINE = 200, 200, 1000, 140
_FACTS = ("domain", "environment", "service", "component", "endpoint", "error_type", "issue")


def title(notice: Notice) -> str:
    """What is wrong, where, in a line: for a subject, a header, a summary."""
    return shortened(one_line(notice.text), _MOST_TITLE)


def short(notice: Notice) -> str:
    """The whole of it in 140 characters: for a text message, and where nothing longer was taken."""
    return shortened(one_line(notice.text), _ONE_LINE)


def facts(notice: Notice) -> Sequence[tuple[str, str]]:
    """Name and value, the telling ones first."""
    found = [(name, value) for name in _FACTS if (value := _shared(notice, name))]
    found.append(("since", notice.alerts[0].starts if notice.alerts else ""))
    found.append(("records", f"{notice.count:,}"))
    if notice.acknowledged:
        found.append(("acknowledged by", notice.acknowledged))
    if notice.flapped:
        found.append(("came back", f"{notice.flapped} times"))
    said = [(name, shortened(one_line(value), _MOST_VALUE)) for name, value in found]
    return [(name, value) for name, value in said if value]


def _shared(notice: Notice, name: str) -> str:
    """What the group says, else what all shown alerts do."""
    if name in notice.labels:
        return notice.labels[name]
    values = {alert.labels.get(name, "") for alert in notice.alerts}
    return values.pop() if len(values) == 1 else ""


def notes(notice: Notice) -> Iterator[tuple[str, str]]:
    """What changed, and where to look: of the first alert that knows; then what exporters add."""
    for name in ("cause", "suggestion"):
        said = next((each for alert in notice.alerts if (each := alert.annotations.get(name, "").strip())), "")
        if said:
            yield name, shortened(one_line(said), _MOST_NOTE)
    yield from ((name, shortened(one_line(said), _MOST_NOTE)) for name, said in notice.notes.items())


def lines(alert: Alert, most: int, most_chars: int) -> Sequence[str]:
    """Some lines of an alert, one line each."""
    return [line for text in alert.samples[:most] if (line := shortened(one_line(text), most_chars))]


def plain(notice: Notice) -> str:
    """All of it as text: for the plain part of a mail, and as the second-best of every message."""
    parts = [title(notice), ""]
    if notice.document:
        return "\n".join([*parts, *(visible(line) for line in notice.document.split("\n"))])
    parts += [f"{name}: {value}" for name, value in facts(notice)]
    parts += [f"{name}: {value}" for name, value in notes(notice)]
    for alert in notice.alerts:
        what = shortened(one_line(alert.annotations.get("summary", "")), 300)
        parts += ["", f"- {alert.status}, {alert.count:,} records: {what}"]
        parts += [f"    {line}" for line in lines(alert, 3, 300)]
    if notice.truncated:
        parts += ["", f"and {notice.truncated} more"]
    parts += ["", f"reason: {notice.reason}; group {notice.group}"]
    return "\n".join(parts)


def one_line(text: str) -> str:
    """Without line breaks and what else controls a terminal or hides."""
    return visible(" ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """With an ellipsis where it is cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
