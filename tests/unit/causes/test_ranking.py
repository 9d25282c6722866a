"""Which service is suspected, for faults of several kinds, and that nobody is where nothing happened."""

import polars as pl
import pytest

from collector.causes.failing import first_failing
from collector.causes.gaps import slow_services
from collector.causes.ranking import ranked

EARLY = (("gateway", "in"), ("orders", "in"), ("prices", "in"), ("orders", "no price"), ("gateway", "failed"))
THROWN = (
    ("gateway", "in"),
    ("orders", "in"),
    ("prices", "in"),
    ("prices", "threw"),
    ("orders", "no price"),
    ("gateway", "failed"),
)
NOT_CALLED = tuple(step for step in (*EARLY[:2], ("orders", "priced"), ("orders", "done"), ("gateway", "out")))


@pytest.mark.parametrize(
    ("how", "service"),
    [
        ({"steps": EARLY}, "prices"),
        ({"steps": THROWN, "errors": (3, 4, 5)}, "prices"),
        ({"slow": "stock", "extra_ns": 200_000_000}, "stock"),
        ({"slow": "prices", "extra_ns": 30_000_000}, "prices"),
    ],
    ids=["returns too early", "throws", "slow network", "slow"],
)
def test_the_faulty_service_is_among_the_first_two(shop, how, service):
    order = ranked(shop.minute(0), shop.minute(1, **how)).get_column("service").to_list()
    assert service in order[:2], order


def test_the_order_of_records_does_not_matter(shop):
    now, before = shop.minute(1, steps=THROWN), shop.minute(0)
    mixed = [table.sample(fraction=1.0, shuffle=True, seed=3) for table in (before, now)]
    assert ranked(*mixed).get_column("service").to_list() == ranked(before, now).get_column("service").to_list()


def test_where_nothing_happened_nobody_is_suspected(shop):
    assert ranked(shop.minute(0), shop.minute(1)).get_column("score").max() < 0.05


def test_few_requests_of_another_kind_suspect_nobody(shop):
    now = pl.concat([shop.minute(1, count=58), shop.minute(2, count=1, steps=THROWN)])
    assert ranked(shop.minute(0), now).get_column("score").max() < 0.05


def test_records_without_traces_are_compared_by_what_they_say(shop):
    before, now = (
        shop.minute(n, steps=way).with_columns(trace=pl.lit(None, pl.String), span=pl.lit(None, pl.String))
        for n, way in enumerate([(("gateway", "in"), ("orders", "done")), (("gateway", "in"), ("orders", "timed out"))])
    )
    assert ranked(before, now).row(0, named=True)["service"] == "orders"


def test_a_caller_that_waits_is_acquitted_by_its_other_steps(shop):
    slow = slow_services(shop.minute(0), shop.minute(1, slow="stock", extra_ns=500_000_000)).sort(
        "slowed", descending=True
    )
    assert slow.row(0, named=True)["service"] == "stock"
    assert slow.filter(pl.col("service") == "gateway").get_column("slowed")[0] < 0.1


def test_the_first_error_of_a_trace_counts_for_its_service(shop):
    found = first_failing(shop.minute(0), shop.minute(1, steps=THROWN, errors=(3, 4, 5)))
    first = {row["service"]: row["first"] for row in found.iter_rows(named=True)}
    assert first == {"prices": 1.0, "orders": 0.0, "gateway": 0.0}


def test_without_records_there_is_nobody(shop):
    nothing = shop.frame([])
    assert ranked(nothing, nothing).height == 0
    assert ranked(shop.minute(0), nothing).get_column("score").max() in (0.0, None)
