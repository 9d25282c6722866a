"""A report as text, Markdown or HTML. What stands in it came from senders: it is shown, never obeyed, and no tag, link or row of anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from collector.store.report_reading import Report
from collector.visible import visible

_BARS = "▁▂▃▄▅▆▇█"
_LONGEST = 120
_MARKDOWN = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`*_{}[]()#+-.!|~$:@"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)


@dataclass(frozen=True, slots=True)
class Section:
    """A table with what it shows. Numbers are right-aligned."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    nothing: str


def as_text(report: Report) -> str:
    """For a terminal or a mail."""
    return text_of(_heading(report), sections(report))


def text_of(heading: str, tables: Iterable[Section]) -> str:
    """Tables below each other."""
    parts = [heading]
    for section in tables:
        parts.append(f"{section.title}\n{'-' * len(section.title)}")
        parts.append(_text_table(section) if section.rows else section.nothing)
    return "\n\n".join(parts) + "\n"


def _text_table(section: Section) -> str:
    cells = [list(section.columns), *([_shown(cell) for cell in row] for row in section.rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(section.columns))]
    right = [isinstance(cell, int) for cell in section.rows[0]]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    )


def as_markdown(report: Report) -> str:
    """For a chat, an issue or a wiki; every mark of a sender's is escaped."""
    parts = [f"# {_marked(_heading(report))}"]
    for section in sections(report):
        parts.append(f"## {section.title}")
        parts.append(_markdown_table(section) if section.rows else section.nothing)
    return "\n\n".join(parts) + "\n"


def _markdown_table(section: Section) -> str:
    lines = [section.columns, ["---:" if isinstance(cell, int) else "---" for cell in section.rows[0]]]
    lines += [[_marked(_shown(cell)) for cell in row] for row in section.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _marked(text: str) -> str:
    return text.translate(_MARKDOWN)


def as_html(report: Report) -> str:
    """A page of its own, without scripts, styles from elsewhere, or links."""
    body = "\n".join(_html_section(section) for section in sections(report))
    heading = escape(_heading(report))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1d2129 }}
table {{ border-collapse: collapse; width: 100% }} th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e3e6ea;
overflow-wrap: anywhere }} .n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }} h2 {{ margin-top: 2rem }}</style></head>
<body><h1>{heading}</h1>
{body}
</body></html>
"""


def _html_section(section: Section) -> str:
    if not section.rows:
        return f"<h2>{escape(section.title)}</h2>\n<p>{escape(section.nothing)}</p>"
    kinds = [' class="n"' if isinstance(cell, int) else "" for cell in section.rows[0]]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(section.columns, kinds, strict=True))
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(_shown(cell))}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in section.rows
    )
    return f"<h2>{escape(section.title)}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _heading(report: Report) -> str:
    of = f" of {', '.join(visible(name) for name in report.domains)}" if report.domains else ""
    return f"logboom report{of}: {_day(report.since_unix_nano)} to {_day(report.until_unix_nano)} UTC"


def sections(report: Report) -> Iterator[Section]:
    """All tables of a report."""
    several = len({row["domain"] for row in [*report.issues, *report.services, *report.patterns]}) > 1
    yield Section("Records", ("level", "records", "before", "change", "trend"), list(_volume(report)), "No records.")
    yield Section(
        "Time to acknowledge and to resolve",
        ("domain", "component", "level", "acknowledged", "MTTA", "p90", "resolved", "MTTR", "p90", "open"),
        [
            (each.domain, each.component, each.level, each.acknowledged, _time(each.mtta_median_secs), _time(each.mtta_p90_secs),
             each.resolved, _time(each.mttr_median_secs), _time(each.mttr_p90_secs), each.unresolved)
            for each in report.repair
        ],
        "No issue was open.",
    )  # fmt: skip
    yield Section(
        "Top issues", ("issue", "where", "state", "priority", "events", "title", "cause"),
        [(row["issue_id"], _where(row, several), row["state"] or "", row["priority"] or "", row["events"], row["title"] or "",
          row["cause"] or row["suggestion"] or "") for row in report.issues],
        "No issues.",
    )  # fmt: skip
    yield Section(
        "New patterns", ("pattern", "where", "records", "urgent", "template"),
        [(row["pattern_id"], _where(row, several), row["records"], row["urgent"], row["template"] or "") for row in report.patterns],
        "None.",
    )  # fmt: skip
    yield Section(
        "Noisy services", ("service", "records", "critical", "warning", "urgent before", "change"),
        [(_where({**row, "component": ""}, several), row["records"], row["critical"], row["warning"], row["urgent_before"],
          _change(row["critical"] + row["warning"], row["urgent_before"])) for row in report.services],
        "None.",
    )  # fmt: skip
    yield Section(
        "What was kept", ("domain", "records", "size, about", "a month at this rate", "cost"),
        [(row["domain"], row["records"], _size(row["bytes"]), _size(row["bytes_a_month"]), _money(row["cost"])) for row in report.kept],
        "No records.",
    )  # fmt: skip
    if report.spent:
        yield Section(
            "What destinations billed", ("domain", "today", "this month"),
            [(name, _money(today), _money(month)) for name, (today, month) in report.spent.items()], "Nothing.",
        )  # fmt: skip


def _size(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


def _money(amount: float | None) -> str:
    """In the currency of the prices."""
    return "" if amount is None else f"{amount:,.2f}"


def _volume(report: Report) -> Iterator[Sequence[str | int]]:
    for row in report.volume:
        change = _change(row["records"], row["records_before"])
        yield row["level"], row["records"], row["records_before"], change, _bars(report.trend.get(row["level"], []))


def _where(row: dict[str, Any], several: bool) -> str:
    return " ".join(filter(None, (row["domain"] if several else "", row["service"], row["component"])))


def _change(now: int, before: int) -> str:
    if not before:
        return "new" if now else ""
    return f"{100 * (now - before) / before:+.0f} %"


def _bars(counts: Sequence[int]) -> str:
    most = max(counts, default=0)
    return "".join(_BARS[(len(_BARS) - 1) * count // most] if count else " " for count in counts) if most else ""


def _time(secs: float | None) -> str:
    if secs is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if secs >= length:
            return f"{secs / length:.1f} {unit}"
    return f"{secs:.0f} s"


def _day(unix_nano: int) -> str:
    return datetime.fromtimestamp(unix_nano // 10**9, UTC).strftime("%Y-%m-%d %H:%M")


def _shown(cell: str | int) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    text = visible(cell)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
