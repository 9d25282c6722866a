"""Documents of what events describe: the newest subjects, whatever the order, and over a new view."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from collector.base32 import first_record_id
from collector.batch import LogBatch
from collector.store.describing import described, listed
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of
from exporters.kv.described import SHOWN
from exporters.kv.records import viewed
from exporters.kv.view import Shape, View

SHAPE = Shape("p/", recent=10, chunk=4, max_components=5, described=3)
NOW_MS = 1_500_000_000_000
KEY = "p/deployments/a.com"


def event(number: int, subject: str, at: int = 0, **given: Any) -> Row:
    pairs = {
        "logboom.deployment.id": subject,
        "logboom.version": NOW_MS + number,
        "service.version": f"v{number}",
        **given,
    }
    record_id = first_record_id(NOW_MS)[:10] + f"{number:016d}"
    return Row(record_id, list(pairs.items()), fields={"domain": "a.com", "time_unix_nano": (1 << 60) + (at or number)})


def events(made: Sequence[Row]) -> LogBatch:
    return marked(batch_of(list(made)), ["logboom.deployment"] * len(made))


def add(view: View, batch: LogBatch, kv: dict[str, str] | None = None) -> dict[str, str]:
    """As `send`: take over what KV has, add, write what changed; KV as it is then."""
    kv = {} if kv is None else kv
    request = viewed(batch, 4096), described(batch, 4096)
    wanted = view.wanted(*request)
    view.adopt(wanted, {one.key: kv.get(one.key) for one in wanted})
    view.add(*request)
    changes = view.changes(["a.com"])
    view.published(changes)
    return kv | {change.key: change.value for change in changes}


def opened(path: Path) -> View:
    view = View(path, SHAPE)
    view.open()
    return view


def test_the_newest_subjects_stand_newest_first(tmp_path: Path) -> None:
    """A document a table; times are strings, for JavaScript keeps no such number; the domain stands once."""
    view = opened(tmp_path / "v.db")
    kv = add(view, events([event(number, f"d{number}") for number in range(5)]))
    document = json.loads(kv[KEY])
    assert [row["deployment_id"] for row in document["rows"]] == ["d4", "d3", "d2"]
    assert (document["v"], document["domain"]) == (1, "a.com")
    assert document["rows"][0] == {
        "deployment_id": "d4", "service_version": "v4", "time_unix_nano": str((1 << 60) + 4), "version": NOW_MS + 4,
        "event_id": first_record_id(NOW_MS)[:10] + f"{4:016d}",
    }  # fmt: skip
    view.close()


@pytest.mark.parametrize("seed", range(5))
def test_order_and_repetition_do_not_matter(tmp_path: Path, seed: int) -> None:
    """Also of subjects that are too old to be kept."""
    made = [event(number, f"d{number % 5}") for number in range(25)]
    sent = [*made, *made[:9]]
    random.Random(seed).shuffle(sent)
    view, kv = opened(tmp_path / "v.db"), {}
    for start in range(0, len(sent), 7):
        kv = add(view, events(sent[start : start + 7]), kv)
    assert [row["service_version"] for row in json.loads(kv[KEY])["rows"]] == ["v24", "v23", "v22"]
    view.close()


def test_a_new_view_takes_over_what_kv_has(tmp_path: Path) -> None:
    """It knows nothing of the first two, and writes them again beside the third; what KV had newer stays."""
    first = opened(tmp_path / "a.db")
    kv = add(first, events([event(1, "d1"), event(9, "d2")]))
    first.close()
    second = opened(tmp_path / "b.db")
    kv = add(second, events([event(3, "d3"), event(4, "d2")]), kv)
    assert {row["deployment_id"]: row["service_version"] for row in json.loads(kv[KEY])["rows"]} == {
        "d1": "v1",
        "d2": "v9",
        "d3": "v3",
    }
    assert first.mark is not None
    assert second.mark is not None
    assert (first.mark.name != second.mark.name, first.mark.changes, second.mark.changes) == (True, 1, 1)
    second.close()


@pytest.mark.parametrize("value", ["", "[]", "null", '{"v":2,"rows":[]}', '{"v":1,"rows":[{"version":"x"},7,{"deployment_id":"d","version":1}]}', '{"v":1,"rows":[{"deployment_id":"d","version":1,"event_id":"e","time_unix_nano":"soon"}]}'])  # fmt: skip
def test_what_is_no_document_of_ours_is_not_taken_over(tmp_path: Path, value: str) -> None:
    view = opened(tmp_path / "v.db")
    kv = add(view, events([event(3, "d3")]), {KEY: value})
    assert [row["deployment_id"] for row in json.loads(kv[KEY])["rows"]] == ["d3"]
    view.close()


def test_what_was_only_sent_describes_nothing(tmp_path: Path) -> None:
    view = opened(tmp_path / "v.db")
    sent = batch_of([event(3, "d3")]).with_fields({"event_name": events([event(3, "d3")]).column("event_name")})
    assert KEY not in add(view, sent)
    view.close()


def issue(number: int, subject: str, state: str, at: int) -> LogBatch:
    pairs = {
        "logboom.issue.id": subject, "logboom.issue.state": state, "logboom.version": NOW_MS + number, "logboom.issue.last_seen": at,
        "logboom.issue.activity": number,
    }  # fmt: skip
    record_id = first_record_id(NOW_MS)[:10] + f"{number:016d}"
    made = Row(record_id, list(pairs.items()), fields={"domain": "a.com", "time_unix_nano": at})
    return marked(batch_of([made]), ["logboom.issue.changed"])


def told(view: View, batch: LogBatch, kv: dict[str, str]) -> dict[str, str]:
    """As the exporter does: of issues the open ones, nothing of their activity."""
    request = viewed(listed(batch), 4096), described(batch, 4096, SHOWN)
    wanted = view.wanted(*request)
    view.adopt(wanted, {one.key: kv.get(one.key) for one in wanted})
    view.add(*request)
    changes = view.changes(["a.com"])
    view.published(changes)
    return kv | {change.key: change.value for change in changes}


def test_issues_that_are_open_stand_there_and_leave_when_they_are_not(tmp_path: Path) -> None:
    """What is older does not bring one back; one that opens again comes back."""
    view, kv = opened(tmp_path / "view.db"), dict[str, str]()
    for number, subject, state, shown in (
        (1, "a", "new", ["a"]), (2, "b", "ongoing", ["b", "a"]), (4, "a", "resolved", ["b"]), (3, "a", "ongoing", ["b"]),
        (5, "b", "archived", []), (6, "a", "regressed", ["a"]),
    ):  # fmt: skip
        kv = told(view, issue(number, subject, state, 10 + number), kv)
        assert [row["issue_id"] for row in json.loads(kv["p/issues/a.com"])["rows"]] == shown
    assert [key for key in kv if "activity" in key or "recent" in key] == []
