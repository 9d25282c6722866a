"""How well records are grouped into patterns, against texts whose groups are known.

    python tests/bench/patterns_score.py CORPORA [--batch 500]

CORPORA has `loghub/SYSTEM.csv.gz` (columns content, group, corrected_template) and may have `nezha/*.ndjson.xz` (lines of Java services
whose `body` names class and line). Nothing of them belongs to the project. The processor is the product's, one setting for all; each
system is a domain of its own, records come in batches.

GA: records whose predicted group is exactly their true one. FGA: F1 of groups. `as told`: by the id that each record got when it came;
`as it stands`: ids of patterns that became part of others are followed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import lzma
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson

from collector.component import Context
from collector.testing.text_batch import text_batch
from collector.testing.work import FakeWork
from processors.patterns import FACTORY
from processors.patterns.processor import ID

_JAVA = re.compile(r"^\S+ +\w+ +(\S+?#\d+) TraceID: \S* ?SpanID: \S* (.*)$", re.DOTALL)
_MERGED = "logboom.pattern.merged_into"


def predicted(texts: Sequence[str], batch: int) -> tuple[list[str], list[str], float]:
    """The ids as told and as they stand, and lines a second of one thread."""
    component, work = FACTORY.create(FACTORY.config(), Context("patterns", Path())), FakeWork()
    told: list[str] = []
    spent = 0
    for start in range(0, len(texts), batch):
        records = text_batch(texts[start : start + batch], "a.com")
        began = time.thread_time_ns()
        found = component.process(records, work)
        spent += time.thread_time_ns() - began
        told += [str(one) for one in found.attribute(ID)]
    into = dict(_merges(work))
    return told, [_standing(one, into) for one in told], len(texts) / spent * 1e9


def _merges(work: FakeWork) -> Iterator[tuple[str, str]]:
    for emitted in work.emitted:
        if emitted.rule == "merged":
            yield from zip(emitted.records.attribute(ID), emitted.records.attribute(_MERGED), strict=True)


def _standing(one: str, into: dict[str, str]) -> str:
    while one in into:
        one = into[one]
    return one


def score(truth: Sequence[str], found: Sequence[str]) -> tuple[float, float]:
    """GA and FGA."""
    true, predicted_ = Counter(truth), Counter(found)
    exact = [
        (group, other)
        for (group, other), n in Counter(zip(truth, found, strict=True)).items()
        if n == true[group] == predicted_[other]
    ]
    precision, recall = len(exact) / len(predicted_), len(exact) / len(true)
    return sum(true[group] for group, _ in exact) / len(truth), 2 * precision * recall / ((precision + recall) or 1)


def systems(corpora: Path) -> Iterator[tuple[str, list[str], list[str], list[str]]]:
    """Name, texts, raw and corrected truth."""
    for path in sorted((corpora / "loghub").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = ([row[name] for row in rows] for name in ("content", "group", "corrected_template"))
        yield path.name.removesuffix(".csv.gz"), *columns


def by_location(paths: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Messages, and for each the line of code that wrote it; lines that write the same message are one."""
    places: list[str] = []
    texts: list[str] = []
    for path in paths:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                if found := _JAVA.match(orjson.loads(line)["body"]):
                    places.append(found[1])
                    texts.append(found[2])
    one: dict[str, str] = {}
    first: dict[str, str] = {}
    for place, text in zip(places, texts, strict=True):
        other = first.setdefault(text, place)
        here, there = _standing(place, one), _standing(other, one)
        if here != there:
            one[here] = there
    return texts, [_standing(place, one) for place in places]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--batch", type=int, default=500)
    options = parser.parse_args()
    print(f"{'':12} {'raw truth':>15} {'corrected truth':>15} {'corrected, as told':>19} {'lines/s':>9}")
    sums = [0.0] * 6
    rows = list(systems(options.corpora))
    for name, texts, raw, corrected in rows:
        told, standing, speed = predicted(texts, options.batch)
        scores = [*score(raw, standing), *score(corrected, standing), *score(corrected, told)]
        sums = [total + each for total, each in zip(sums, scores, strict=True)]
        _print(name, scores, speed)
    if rows:
        _print("mean", [total / len(rows) for total in sums])
    if paths := sorted((options.corpora / "nezha").glob("*.ndjson.xz")):
        texts, truth = by_location(paths)
        told, standing, speed = predicted(texts, options.batch)
        _print("by location", [*score(truth, standing), *score(truth, standing), *score(truth, told)], speed)


def _print(name: str, scores: Sequence[float], speed: float = 0.0) -> None:
    pairs = " ".join(f"{ga:9.3f} {fga:.3f}" for ga, fga in zip(scores[::2], scores[1::2], strict=True))
    print(f"{name:12} {pairs}      {speed:9,.0f}" if speed else f"{name:12} {pairs}")


if __name__ == "__main__":
    main()
