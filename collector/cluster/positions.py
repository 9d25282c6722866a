"""How far owners have come, as offsets of the consumer group: for the tools that people know of Kafka, never read back.

    intake, control   behind what every pipeline of the partition has passed
    outbox            where what waits for destinations begins

What counts are the cursors in the ledger, which commit with what came of it; this follows within seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from collector.cluster.accepted import Accepted
from collector.kafka.wire import Place

if TYPE_CHECKING:
    from collector.cluster.status import Owned

NOTE_SECS = 5.0


def positions(accepted: Accepted, owned: Iterable[Owned], ends: Mapping[Place, int]) -> Mapping[Place, int]:
    """Of partitions that this process owns. `ends`: of the places, as far as they are known."""
    found: dict[Place, int] = {}
    for each in owned:
        for window in accepted.windows(each.number):
            if window.floor:
                found[window.place] = min(window.floor, found.get(window.place, window.floor))
        outbox = each.changelog.places.outbox
        begins = each.changelog.waits_from()
        if begins is not None or outbox in ends:
            found[outbox] = ends[outbox] if begins is None else begins
    return found
