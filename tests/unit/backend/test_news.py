"""Whom a commit of a journal concerns: the partitions of the domains that sent something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import xxhash

from collector.backend import news as module
from collector.backend.news import Arrivals
from collector.backend.opening import open_journal
from collector.disk.environment import Environment
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal
from collector.ledger.sources import partition_of

PARTITIONS = 4
DOMAINS = {partition_of(f"d{number}.example", PARTITIONS): f"d{number}.example" for number in range(64)}
"""Partition → a domain of it."""
ALL = frozenset(range(PARTITIONS))


class Bench:
    """A journal that is written, and opened a second time to look at it."""

    def __init__(self, path: Path) -> None:
        self.low: dict[str, int] = {}
        self.journal = Journal.open(path, JournalLimits(), lambda: self.low, lambda error: None)
        opened = open_journal(path)
        assert opened is not None
        self.environment: Environment = opened

    def put(self, *partitions: int) -> None:
        answers = SimpleNamespace(all=[])
        body = b"x" * 300
        payloads = [Payload(DOMAINS[number], "otlp", body, 1, 1, xxhash.xxh3_128_digest(body)) for number in partitions]
        self.journal.append(payloads, answers.all.append)
        while not answers.all:
            pass
        assert answers.all == [None]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "journal")
    yield bench
    bench.environment.close()
    assert bench.journal.close(30)


def test_the_partitions_of_who_sent_are_told_once(bench: Bench) -> None:
    bench.put(0, 2)
    news = Arrivals(ALL, PARTITIONS)
    assert news.look(bench.environment).partitions == {0, 2}
    assert news.look(bench.environment).partitions == set()
    bench.put(2)
    seen = news.look(bench.environment)
    assert (seen.partitions, seen.snapshot) == ({2}, bench.environment.last_transaction())


def test_what_belongs_to_other_workers_is_not_told(bench: Bench) -> None:
    news = Arrivals({1, 3}, PARTITIONS)
    bench.put(0, 1)
    assert news.look(bench.environment).partitions == {1}


def test_who_asks_of_too_many_domains_is_told_of_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at thousands of tallies would cost more than the steps that it spares."""
    monkeypatch.setattr(module, "MOST_DOMAINS", 1)
    news = Arrivals(ALL, PARTITIONS)
    bench.put(0)
    assert news.look(bench.environment).partitions == {0}
    bench.put(1)
    assert news.look(bench.environment).partitions == ALL
