"""What two systems make of the same records, side by side, and which differences are meant."""

from __future__ import annotations

from collections.abc import Mapping

from counterparts.configurations.chosen import OWN
from counterparts.configurations.played import Output
from counterparts.kept_results import Differences, Pairs

DIFFERENCES = Differences(OWN / "differences.yaml", ["logboom"])


def pairs(configuration: str, ours: Mapping[str, Output], theirs: Mapping[str, Output]) -> Pairs:
    """`configuration exporter: record` → what either makes of it; both have the same exporters."""
    assert set(ours) == set(theirs)
    return {
        f"{configuration} {exporter}: {record}": (ours[exporter].get(record), theirs[exporter].get(record))
        for exporter in ours
        for record in sorted({*ours[exporter], *theirs[exporter]})
    }
