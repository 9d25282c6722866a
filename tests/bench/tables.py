"""The bench's result as Markdown, and its place in README.md beside this file."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    label: str
    system: str
    cpu_us: float
    rate: float
    p50_ms: float
    p99_ms: float


def render(title: str, rows: list[Row], peer: str = "Rotel") -> str:
    """A Markdown table; the ratio compares with the other system of the same label."""
    peers = {row.label: row.cpu_us for row in rows if row.system == peer}
    columns = ["", "system", "CPU µs/record", *([f"of {peer}'s"] if peers else []), "records/s", "p50 ms", "p99 ms"]
    lines = [f"**{title}**", "", _line(columns), "|" + "---|" * len(columns)]
    for row in rows:
        ratio = f"{row.cpu_us / peers[row.label]:.2f}" if row.label in peers and row.system != peer else ""
        compared = [ratio] if peers else []
        rest = [f"{row.rate:,.0f}", f"{row.p50_ms:.1f}", f"{row.p99_ms:.1f}"]
        lines.append(_line([row.label, row.system, f"{row.cpu_us:.2f}", *compared, *rest]))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def machine() -> str:
    """What the figures were taken on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}"


def write_readme(readme: Path, text: str) -> None:
    """Replace what stands between the bench markers."""
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\nMeasured by `make bench` on {machine()}.\n\n{text}\n{END}{after}")
