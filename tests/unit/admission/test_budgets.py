"""Budgets as a check: a domain that has spent what it may is refused, or warned of alone; its neighbours don't notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.admission.budgets import Budgets
from collector.admission.steps import Arrival
from collector.domains.costs import FILE, CostBook, CostRules, Counted
from collector.errors import Exhausted
from collector.ingress.refusals import answer
from collector.testing.payloads import payload
from otlp_wire import receive_protobuf

NOON = 1_795_953_600.0


def rules(on_budget: Any = "refuse", **budgets: float) -> CostRules:
    return CostRules({"d1": {"records": 1.0}}, budgets, on_budget, 4, {"free.example": {"day": 0, "month": 0}})


def budgets(folder: Path, rules: CostRules, spent: float) -> Budgets:
    """Of a process; `a.example` and `free.example` have spent so much."""
    book = CostBook(folder / FILE)
    for millions in (0.0, spent):
        counts = [Counted(domain, "d1", domain, "records", millions * 1e6) for domain in ("a.example", "free.example")]
        book.look(rules, iter(counts), iter(()), NOON)
    made = Budgets(rules, folder / FILE, lambda: NOON)
    made.look()
    return made


def arrival(domain: str = "a.example", records: int = 3) -> Arrival:
    body = payload(records)
    return Arrival("otlp", None, body, domain=domain, received=receive_protobuf(body))  # type: ignore[arg-type]


@pytest.mark.parametrize("period", ["day", "month"])
def test_refused_for_long_when_it_is_spent(tmp_path: Path, period: str) -> None:
    check = budgets(tmp_path, rules(**{period: 5.0}), 5.0)
    with pytest.raises(Exhausted, match=f"has spent the 5 that it may spend a {period}") as refused:
        check.check(arrival())
    assert (answer(refused.value).retry_after_secs or 0) >= 60
    assert list(check.refused()) == [("a.example", f"cost_per_{period}", 1)]
    for domain in ("free.example", "b.example"):
        check.check(arrival(domain))


def test_below_it_or_only_warned_of_all_is_taken(tmp_path: Path) -> None:
    budgets(tmp_path, rules(day=5.0), 4.99).check(arrival())
    budgets(tmp_path, rules("warn", day=5.0), 9.0).check(arrival())


def test_policies_are_those_of_quotas(tmp_path: Path) -> None:
    check = budgets(tmp_path, rules("sample", day=5.0), 5.0)
    arrivals = [arrival(records=number) for number in range(1, 60)]
    for each in arrivals:
        check.check(each)
    left = [each for each in arrivals if each.received is not None and not each.received.records]
    assert 0 < len(left) < len(arrivals)
    assert {each.received.repairs.rejected > 0 for each in left if each.received} == {True}
    assert list(check.refused()) == [("a.example", "cost_per_day", len(left))]
    with pytest.raises(Exhausted):
        budgets(tmp_path, rules("keep_severe", day=5.0), 5.0).check(arrival())


def test_what_components_of_another_logboom_made_is_not_refused(tmp_path: Path) -> None:
    made = arrival()
    made.made = 1
    budgets(tmp_path, rules(day=5.0), 5.0).check(made)
