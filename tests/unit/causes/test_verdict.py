"""What is told as a cause, with its counts, and when nothing is."""

import json

import polars as pl
import pytest

from collector.causes import Deployed, Window, judge

MINUTE = 60 * 10**9
THROWN = (("gateway", "in"), ("orders", "in"), ("prices", "in"), ("prices", "threw"), ("gateway", "failed"))


def told(shop, every, baseline, deployments=(), minutes=1):
    failing = every.get_column("error")
    since = every.filter("error").get_column("time").min() or shop.start
    return judge(Window(since, since + minutes * MINUTE), every, failing, baseline, deployments)


def of_versions(shop, minute, old, new, **how):
    """Requests of `orders` by two versions: numbers of them."""
    fine = shop.minute(minute, count=old, **{"service.version": "2.9.6"})
    return pl.concat([fine, shop.minute(minute, count=new, **{"service.version": "2.9.7"}, **how)])


def test_errors_of_a_new_version_are_laid_at_its_door(shop):
    every = of_versions(shop, 1, 50, 15, steps=THROWN, errors=(3,))
    cause = told(shop, every, shop.minute(0, **{"service.version": "2.9.6"}))
    assert cause.sentence.startswith("100 % of 15 events are from prices 2.9.7 (first seen ")
    assert cause.confidence > 0.9
    first = cause.findings[0]
    assert (first.kind, first.counts["failed"], first.counts["failures"]) == ("deployment", 15, 15)
    assert first.counts["traffic"] == pytest.approx(30 / 130)


def test_a_new_version_that_fails_no_more_than_the_old_one_is_not_blamed(shop):
    both = [
        shop.minute(n, count=30, steps=THROWN, errors=(3,), **{"service.version": f"2.9.{6 + n}"}) for n in range(2)
    ]
    cause = told(shop, pl.concat(both), shop.minute(0, **{"service.version": "2.9.6"}))
    assert not any(finding.kind == "deployment" for finding in cause.findings)


@pytest.mark.parametrize(("minutes_before", "blamed"), [(4, True), (29, True), (31, False), (-1, False)], ids=str)
def test_only_a_deployment_within_half_an_hour_before_counts(shop, minutes_before, blamed):
    every = shop.minute(1, steps=THROWN, errors=(3,))
    began = every.filter("error").get_column("time").min()
    mark = Deployed("prices", "3.0", "production", began - minutes_before * MINUTE, marked=True)
    cause = told(shop, every, shop.minute(0), [mark])
    assert any(finding.kind == "deployment" for finding in cause.findings) is blamed


def test_a_deployment_of_another_service_is_not_blamed(shop):
    every = shop.minute(1, steps=THROWN, errors=(3,))
    mark = Deployed("stock", "3.0", "production", shop.start, marked=True)
    cause = told(shop, every, shop.minute(0), [mark])
    assert not any(finding.kind == "deployment" for finding in cause.findings)


def test_errors_of_one_host_are_told_with_what_goes_with_it(shop):
    parts = [
        shop.minute(1, count=20, **{"host.name": f"web-{n}", "k8s.node.name": f"node-{n}"},
                    **({"steps": THROWN, "errors": (3,)} if n == 3 else {}))
        for n in range(4)
    ]  # fmt: skip
    cause = told(shop, pl.concat(parts), shop.minute(0))
    values = next(finding for finding in cause.findings if finding.kind == "values" and "host.name" in finding.subject)
    assert values.subject["host.name"] == "web-3"
    assert values.subject["k8s.node.name"] == "node-3"
    assert values.counts["a"] == values.counts["of_a"] == 20


def test_ids_are_no_cause(shop):
    every = shop.minute(1, steps=THROWN, errors=(3,)).with_columns(
        pl.Series("host.name", [f"pod-{n}" for n in range(300)])
    )
    cause = told(shop, every, shop.minute(0))
    assert not any("host.name" in finding.subject for finding in cause.findings)


def test_where_nothing_changed_no_cause_is_told(shop):
    cause = told(shop, shop.minute(1), shop.minute(0))
    assert cause.sentence == ""
    assert cause.confidence == 0.0


def test_without_a_baseline_nobody_is_suspected(shop):
    every = shop.minute(1, steps=THROWN, errors=(3,))
    assert list(told(shop, every, shop.frame([])).suspects) == []


def test_the_same_twice_and_as_json(shop):
    every, before = of_versions(shop, 1, 50, 15, steps=THROWN, errors=(3,)), shop.minute(0)
    one, other = (json.dumps(told(shop, every, before).document()) for _ in range(2))
    assert one == other
    assert json.loads(one)["suspects"][0]["service"]


def test_lines_that_are_new_and_lines_that_are_gone_are_told_with_one_of_them(shop):
    before, now = (
        shop.minute(0, text="all is well"),
        shop.minute(1, steps=THROWN, errors=(3,), text="KeyError\nno price for 7"),
    )
    told_of = [one.sentence for one in told(shop, now, before).findings if one.kind == "pattern"]
    assert "new: 60 records of prices such as “no price for 7”" in told_of
    assert any(
        sentence.startswith("gone: ") and "“all is well” before, and none now" in sentence for sentence in told_of
    )
