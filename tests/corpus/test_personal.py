"""How well what must not be read is found: precision and recall on the labelled set, which was written before the detectors.

`python tests/corpus/test_personal.py [file]` prints the report.
"""

from __future__ import annotations

import sys
from pathlib import Path

from collector.privacy.classes import CLASSES, scanner
from counterparts.labelled import Score, read, score

LABELLED = Path(__file__).parent / "personal" / "labelled.jsonl"
LEAST_PRECISION, LEAST_RECALL = 0.98, 0.97
LEAST_OF_A_CLASS = 0.95


def measured(path: Path = LABELLED) -> Score:
    return score(read(path), scanner().finds)


def test_nearly_all_is_found_and_little_else() -> None:
    done = measured()
    assert done.precision >= LEAST_PRECISION, done.report()
    assert done.recall >= LEAST_RECALL, done.report()


def test_of_no_class_is_much_missed() -> None:
    done = measured()
    for cls in CLASSES:
        assert done.right[cls] >= LEAST_OF_A_CLASS * done.found[cls], f"{cls}\n{done.report()}"
        assert done.hit[cls] >= LEAST_OF_A_CLASS * done.wanted[cls], f"{cls}\n{done.report()}"


if __name__ == "__main__":
    print(measured(Path(sys.argv[1]) if len(sys.argv) > 1 else LABELLED).report())
