"""Systems under the same load in turn: what the machine does meanwhile, it does to all of them, so the ratio of a turn means something."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from load import Sent
from processes import Usage

OURS = "logboom"
Taken = Callable[[str, int], tuple[Sent, Usage]]
"""Name of a system and number of the turn → what it took."""


@dataclass(frozen=True)
class Compared:
    """One load on several systems, a value a turn.

    Args:
        cpu_us: CPU microseconds a record of all processes, by system.
        rate, p99_ms: records a second, and the slowest hundredth of answers, by system; medians.
    """

    label: str
    cpu_us: Mapping[str, Sequence[float]]
    rate: Mapping[str, float] = field(default_factory=dict)
    p99_ms: Mapping[str, float] = field(default_factory=dict)

    def ratios(self, peer: str) -> Sequence[float]:
        """Ours and the peer's, turn by turn."""
        return [ours / theirs for ours, theirs in zip(self.cpu_us[OURS], self.cpu_us[peer], strict=True)]

    @property
    def peers(self) -> Sequence[str]:
        """All but ours."""
        return [name for name in self.cpu_us if name != OURS]


def in_turn(label: str, systems: Sequence[str], turns: int, taken: Taken) -> Compared:
    """Each system once a turn; every other turn the other way round."""
    found: dict[str, list[tuple[Sent, Usage]]] = {name: [] for name in systems}
    for turn in range(turns):
        for name in systems if turn % 2 == 0 else systems[::-1]:
            found[name].append(taken(name, turn))
    return Compared(
        label,
        {name: [usage.total / sent.acknowledged * 1e6 for sent, usage in runs] for name, runs in found.items()},
        {name: statistics.median(sent.acknowledged / sent.seconds for sent, _ in runs) for name, runs in found.items()},
        {name: statistics.median(sent.p99_ms for sent, _ in runs) for name, runs in found.items()},
    )


def spread(values: Sequence[float]) -> str:
    """The median, and lowest to highest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def table(title: str, rows: Sequence[Compared]) -> str:
    """Markdown: a line for each load and system, ours first, then the peers with ours as a multiple of theirs."""
    lines = [f"**{title}**", "", "| | system | CPU µs/record | ours of it, lowest to highest | records/s | p99 ms |", "|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        for name in (OURS, *row.peers):
            ratio = spread(row.ratios(name)) if name != OURS else ""
            lines.append(
                f"| {row.label if name == OURS else ''} | {name} | {statistics.median(row.cpu_us[name]):.2f} | {ratio} "
                f"| {row.rate[name]:,.0f} | {row.p99_ms[name]:.1f} |"
            )
    return "\n".join(lines)
