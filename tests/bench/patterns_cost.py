"""What `patterns` costs beside the processors in front of it: CPU microseconds a record, one thread.

    python tests/bench/patterns_cost.py

Each batch goes through categorize, triage and patterns, the state in memory, as in one pipeline: what one hands to the next is taken. The
ratio to categorize and triage holds on any machine. Two mixes show lines a second of `patterns` alone, records of text only: `fresh numbers`, the sentences of
five programs with new numbers each time, and `worst`, where words, SQL, JSON, hexadecimal ids and lines of 500 characters are never said twice.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from categorize_triage import BODIES, batch

from collector.batch import LogBatch
from collector.component import Context, Processor
from collector.testing.text_batch import text_batch
from collector.testing.work import FakeWork
from processors.categorize import FACTORY as CATEGORIZE
from processors.patterns import FACTORY as PATTERNS
from processors.triage import FACTORY as TRIAGE

WORDS = ["".join(random.Random(n).choices("abcdefghijklmnopqrstuvwxyz", k=3 + n % 8)) for n in range(5000)]
SHAPES: Sequence[Callable[[random.Random], str]] = (
    lambda chance: " ".join(chance.choices(WORDS, k=chance.randrange(4, 20))),
    lambda chance: (
        f"SELECT {', '.join(chance.choices(WORDS, k=5))} FROM {chance.choice(WORDS)} WHERE {chance.choice(WORDS)} = '{chance.choice(WORDS)}'"
    ),
    lambda chance: f'{{"{chance.choice(WORDS)}": "{chance.choice(WORDS)}", "id": "{chance.getrandbits(128):032x}"}}',
    lambda chance: (
        f"object {chance.getrandbits(160):040x} of {chance.choice(WORDS)} in {chance.choice(WORDS)}-{chance.getrandbits(32):08x}"
    ),
    lambda chance: " ".join(chance.choices(WORDS, k=90))[:500],
)


def timed(component: Processor, records: LogBatch, work: FakeWork) -> tuple[LogBatch, float]:
    """What it makes of them, and CPU µs a record."""
    began = time.thread_time_ns()
    made = component.process(records, work)
    return made, (time.thread_time_ns() - began) / len(records) / 1000


def beside(distinct: int, size: int, rounds: int) -> tuple[float, float]:
    """categorize and triage together, patterns; medians."""
    chain = [factory.create(factory.config(), Context("bench", Path())) for factory in (CATEGORIZE, TRIAGE, PATTERNS)]
    works = [FakeWork() for _ in chain]
    source = batch(distinct)
    costs: list[list[float]] = [[], [], []]
    for number in range(rounds + 3):
        records = source.slice(number * size % (len(source) - size + 1), size)
        for component, work, spent in zip(chain, works, costs, strict=True):
            records, micros = timed(component, records, work)
            spent.append(micros)
    first, second, third = (statistics.median(spent[3:]) for spent in costs)
    return first + second, third


def alone(say: Callable[[random.Random], str], rounds: int = 6, size: int = 8000) -> float:
    """Lines a second, the first batches left out."""
    component, work, chance = PATTERNS.create(PATTERNS.config(), Context("bench", Path())), FakeWork(), random.Random(1)
    spent = []
    for _ in range(rounds):
        records = text_batch([say(chance) for _ in range(size)], "a.com")
        spent.append(timed(component, records, work)[1])
    return 1e6 / statistics.median(spent[2:])


def fresh(chance: random.Random) -> str:
    """A sentence of a program."""
    return chance.choice(BODIES).format(n=chance.randrange(10**6), m=chance.randrange(1000))


def main() -> None:
    """Print the tables."""
    print(
        "| records a step | different bodies | categorize + triage | patterns | ratio |\n| --- | --- | --- | --- | --- |"
    )
    for size, distinct, rounds in ((20, 50, 60), (500, 50, 60), (500, 500, 60), (8000, 50, 9), (8000, 2000, 9)):
        others, own = beside(distinct, size, rounds)
        print(f"| {size} | {distinct} | {others:.2f} | {own:.2f} | {own / others:.2f} |")
    print("\n| mix | lines/s |\n| --- | --- |")
    print(f"| fresh numbers | {alone(fresh):,.0f} |")
    print(f"| worst | {alone(lambda chance: chance.choice(SHAPES)(chance)):,.0f} |")


if __name__ == "__main__":
    main()
