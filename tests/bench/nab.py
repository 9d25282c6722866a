"""The detector of numbers (`processors/anomalies/context.py`) on the Numenta Anomaly Benchmark: `make nab CORPORA=folder`.

The folder has `score_nab.py` (the scorer) and `nab/` (series and windows); neither is part of this repository.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from processors.anomalies import context
from processors.anomalies.table import Table


def detect(times: list, values: np.ndarray) -> np.ndarray:
    """A score a value, each known when the value comes."""
    table, row = Table(context.FIELDS), np.array([0])
    table.add(1)
    found = [
        float(context.scores(table, row, np.array([value]), context.slot_of(at.hour * 60 + at.minute))[0])
        for at, value in zip(times, values.tolist(), strict=True)
    ]
    return np.array(found)


def main() -> None:
    """The score of each profile."""
    sys.path.insert(0, str(Path(sys.argv[1]).resolve()))
    import score_nab

    for profile, (score, threshold) in score_nab.run(detect).items():
        print(f"{profile}: {score:.1f} (threshold {threshold:.2f})")


if __name__ == "__main__":
    main()
