"""What D1's answers say of rows, shared out over the domains of a request."""

from __future__ import annotations

from exporters.d1.bill import Bill


def result(**meta: int) -> dict[str, object]:
    return {"success": True, "results": [], "meta": meta}


def test_a_request_of_several_domains_is_shared_out_by_records() -> None:
    bill = Bill()
    bill.add([result(rows_written=6, rows_read=2), result(rows_written=3)], {"a.example": 2, "b.example": 1})
    assert bill.rows() == {
        ("a.example", "rows_written"): 6, ("b.example", "rows_written"): 3,
        ("a.example", "rows_read"): 2 * 2 / 3, ("b.example", "rows_read"): 2 / 3,
    }  # fmt: skip
    bill.add([result(rows_written=1, rows_read=1000)], {"": 1})
    assert (bill.total("rows_written"), bill.total("rows_read")) == (10, 1002)


def test_an_answer_that_says_nothing_costs_nothing() -> None:
    bill = Bill()
    bill.add([{"success": True}, {"meta": None}, "text", result()], {"a.example": 1})
    bill.add([], {"a.example": 1})
    assert not any(bill.rows().values())
