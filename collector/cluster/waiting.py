"""What waits in a partition, as its owner tells it: exact as far as it is in the windows, and guessed beyond.

Behind a window that is full nobody has looked. There as many entries are assumed as there are offsets, of the size of those that are
known: good enough to decide when the door closes, and never a count of anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.cluster.accepted import Accepted
from collector.cluster.window import Sum, Window
from collector.journal.limits import Behind
from collector.kafka.wire import Place

_UNKNOWN_BYTES = 1024  # of an entry, where none was seen


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one partition.

    Args:
        lag: pipeline → what it has not passed, in both topics.
        bytes: of what was sent and the slowest pipeline has not passed.
        domains: the same by domain.
        unread: pipeline → domain → records, as far as somebody has looked.
    """

    lag: Mapping[str, Behind] = field(default_factory=dict)
    bytes: int = 0
    domains: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def waiting(accepted: Accepted, number: int, ends: Mapping[Place, int]) -> Waiting:
    """What waits in a partition that this process owns. `ends`: see `Accepted.ends`; a place that is missing ends where it is read to."""
    lag: dict[str, Behind] = {}
    most, domains = 0, dict[str, int]()
    unread: dict[str, Counter[str]] = {}
    for window, pipeline in accepted.windows(number).items():
        sums, oldest = window.sums()
        behind = _behind(window, sums, oldest, ends)
        unread.setdefault(pipeline, Counter()).update({domain: each.records for domain, each in sums.items()})
        lag[pipeline] = lag.get(pipeline, Behind()).joined(behind)
        if window.place.topic == accepted.data.name and behind.bytes > most:
            known = sum(each.bytes for each in sums.values())
            most = behind.bytes
            domains = {domain: each.bytes * behind.bytes // max(1, known) for domain, each in sums.items()}
    return Waiting(lag, most, domains, unread)


def _behind(window: Window, sums: Mapping[str, Sum], oldest: int, ends: Mapping[Place, int]) -> Behind:
    entries = sum(each.entries for each in sums.values())
    records = sum(each.records for each in sums.values())
    size = sum(each.bytes for each in sums.values())
    beyond = max(0, ends.get(window.place, 0) - window.read_to)
    return Behind(
        entries + beyond,
        records + (beyond * records // entries if entries else beyond),
        size + (beyond * size // entries if entries else beyond * _UNKNOWN_BYTES),
        oldest,
    )
