"""A domain has a bounded number of endpoints and components, over batches, restarts and replays."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from collector.batch import LogBatch, concat
from collector.cardinality import KEPT_DAYS, OTHER
from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import COMPONENT, ENDPOINT, Categorize

DAY = 86_400_000_000_000


def categorize(**options: Any) -> Categorize:
    return Categorize(CategorizeConfig(**options), Context("categorize", Path()))


def requests(*paths: str, domain: str = "default") -> LogBatch:
    return batch_of([{"body": "x", "attributes": {"http.route": path}} for path in paths], domain)


def endpoints(processor: Categorize, work: FakeWork, *paths: str, domain: str = "default") -> list[str | None]:
    return processor.process(requests(*paths, domain=domain), work).attribute(ENDPOINT).to_list()


def test_beyond_the_bound_new_endpoints_are_other_and_known_ones_stay() -> None:
    processor, work = categorize(max_endpoints=3), FakeWork()
    assert endpoints(processor, work, "/a", "/b", "/a") == ["/a", "/b", "/a"]
    found = endpoints(processor, work, "/b", "/c", "/d", "/e", "/a")
    assert found == ["/b", "/c", OTHER, OTHER, "/a"]


def test_within_one_batch_the_bound_holds_too() -> None:
    found = endpoints(categorize(max_endpoints=10), FakeWork(), *(f"/{'x' * i}" for i in range(1, 500)))
    assert len(set(found)) == 11
    assert found.count(OTHER) == 489


def test_each_domain_has_a_bound_of_its_own() -> None:
    both = concat([requests("/a", "/b", domain="one.example"), requests("/c", "/a", domain="two.example")])
    found = categorize(max_endpoints=1).process(both, FakeWork()).attribute(ENDPOINT).to_list()
    assert [sum(value == OTHER for value in half) for half in (found[:2], found[2:])] == [1, 1]


def test_components_are_bounded_apart_from_endpoints() -> None:
    records = [{"body": "x", "attributes": {"logger": f"shop.Service{chr(65 + i)}"}} for i in range(5)]
    found = categorize(max_components=2).process(batch_of(records), FakeWork()).attribute(COMPONENT).to_list()
    assert len(set(found)) == 3
    assert OTHER in found


def test_zero_is_no_bound() -> None:
    work = FakeWork()
    assert OTHER not in endpoints(categorize(max_endpoints=0), work, *(f"/{'x' * i}" for i in range(1, 50)))
    assert not [key for key in work.state("default").values if b"endpoint" in key]


def test_after_a_restart_the_same_values_are_known() -> None:
    work = FakeWork()
    endpoints(categorize(max_endpoints=2), work, "/a", "/b")
    assert endpoints(categorize(max_endpoints=2), work, "/c", "/b", "/a") == [OTHER, "/b", "/a"]


def test_a_batch_whose_changes_were_given_up_leaves_nothing_behind() -> None:
    """The processor lives on, the state is as before: the replay decides as if for the first time."""
    processor, work = categorize(max_endpoints=2), FakeWork()
    endpoints(processor, work, "/a")
    before = deepcopy(work.state("default").values)
    assert endpoints(processor, work, "/b", "/a") == ["/b", "/a"]
    work.state("default").values = before
    assert endpoints(processor, work, "/c", "/a") == ["/c", "/a"]
    assert endpoints(processor, work, "/b", "/c") == [OTHER, "/c"]


def test_the_same_batch_again_changes_no_number() -> None:
    processor, work = categorize(max_endpoints=5), FakeWork()
    endpoints(processor, work, "/a", "/b")
    before = deepcopy(work.state("default").values)
    endpoints(processor, work, "/a", "/b")
    assert work.state("default").values == before


def test_a_value_not_seen_for_a_week_makes_room() -> None:
    processor, work = categorize(max_endpoints=2), FakeWork()
    endpoints(processor, work, "/old", "/used")
    for _ in range(KEPT_DAYS):
        work.now_unix_nano += DAY
        assert endpoints(processor, work, "/used") == ["/used"]
    assert endpoints(processor, work, "/new", "/used", "/old") == ["/new", "/used", OTHER]


def test_a_domain_full_of_values_reads_nothing_for_more_of_them() -> None:
    processor, work = categorize(max_endpoints=2, max_components=0), FakeWork()
    endpoints(processor, work, "/a", "/b")
    endpoints(processor, work, "/a", "/b", "/c")
    reads: list[bytes] = []
    get = work.state("default").get

    def counted(key: bytes) -> bytes | None:
        reads.append(key)
        return get(key)

    work.state("default").get = counted  # type: ignore[method-assign]
    endpoints(processor, work, *(f"/n{'x' * i}" for i in range(50)), "/a")
    assert len(reads) <= 1
