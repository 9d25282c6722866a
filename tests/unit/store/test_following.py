"""Following: every new row once, in commit order, whoever writes."""

from __future__ import annotations

import threading
from pathlib import Path

import polars as pl
import pytest

from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.following import Follower, Wanted
from collector.store.reading import NoStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of


def insert(path: Path, *made: Row) -> None:
    store = EmbeddedStore(path, busy_timeout_secs=60)
    store.open()
    store.insert(rows(batch_of(made), Limits()))
    store.close()


def ids(found: object) -> list[str]:
    return [row["record_id"] for row in found]  # type: ignore[attr-defined]


def test_the_backlog_is_the_newest_rows_in_order(tmp_path: Path) -> None:
    """Then only what came after; nothing twice."""
    path = tmp_path / "store.db"
    insert(path, *(Row(f"r{n}") for n in range(5)))
    follower = Follower(path, Wanted(Scope.everything()))
    assert ids(follower.fresh()) == []
    insert(path, Row("r5"))
    assert ids(follower.backlog(2)) == ["r3", "r4"]
    assert ids(follower.backlog(0)) == []
    assert ids(follower.fresh()) == ["r5"]
    assert ids(follower.fresh()) == []
    follower.close()


def test_a_record_with_an_older_id_is_new_when_it_comes_late(tmp_path: Path) -> None:
    """A retried batch is stored after later ones; a resend of known rows shows nothing."""
    path = tmp_path / "store.db"
    insert(path, Row("r8"), Row("r9"))
    follower = Follower(path, Wanted(Scope.everything()))
    insert(path, Row("r1"), Row("r9"))
    assert ids(follower.fresh()) == ["r1"]
    insert(path, Row("r1"))
    assert ids(follower.fresh()) == []
    follower.close()


def test_more_rows_than_a_page_come_in_one_go(tmp_path: Path) -> None:
    """And a reader that stops in the middle goes on there."""
    path = tmp_path / "store.db"
    insert(path)
    follower = Follower(path, Wanted(Scope.everything()))
    insert(path, *(Row(f"r{n:04d}") for n in range(1234)))
    some = follower.fresh()
    first = [next(some)["record_id"] for _ in range(600)]
    some.close()  # type: ignore[attr-defined]
    assert first + ids(follower.fresh()) == [f"r{n:04d}" for n in range(1234)]
    follower.close()


@pytest.mark.slow
def test_concurrent_writers_are_followed_without_a_gap_or_a_double(tmp_path: Path) -> None:
    """Three writers, small batches, and a reader that never waits for them."""
    path = tmp_path / "store.db"
    insert(path)

    def write(writer: int) -> None:
        store = EmbeddedStore(path, busy_timeout_secs=60)
        store.open()
        for batch in range(40):
            made = [Row(f"w{writer}-{batch * 7 + n:04d}") for n in range(7)]
            store.insert(rows(batch_of(made), Limits()))
        store.close()

    follower, seen = Follower(path, Wanted(Scope.everything())), list[str]()
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for thread in writers:
        thread.start()
    while any(thread.is_alive() for thread in writers):
        seen += ids(follower.fresh())
    seen += ids(follower.fresh())
    assert len(seen) == len(set(seen)) == 3 * 280
    for writer in range(3):
        own = [record_id for record_id in seen if record_id.startswith(f"w{writer}")]
        assert own == [f"w{writer}-{n:04d}" for n in range(280)]
    follower.close()


def filtered(path: Path) -> None:
    levels = ["debug", "info", "warning", "critical", None, None, None, None]
    severities = [17, 17, 1, 1, 17, 13, 9, 5]
    made = [
        Row(
            f"r{n}",
            resource=[("service.name", f"s{n % 2}")],
            fields={"severity_number": severity, "domain": f"d{n % 3}"},
        )
        for n, severity in enumerate(severities)
    ]
    batch = batch_of(made).with_attributes(
        {"logboom.triage.level": pl.Series(levels), "logboom.component": pl.Series([f"c{n % 4}" for n in range(8)])}
    )
    store = EmbeddedStore(path)
    store.open()
    store.insert(rows(batch, Limits()))
    store.close()


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(Scope.everything()), [0, 1, 2, 3, 4, 5, 6, 7]),
        (Wanted(Scope.everything(), level="critical"), [3]),
        (Wanted(Scope.everything(), level="warning"), [2, 3, 4, 5]),
        (Wanted(Scope.everything(), level="info"), [1, 2, 3, 4, 5, 6]),
        (Wanted(Scope.everything(), level="debug"), [0, 1, 2, 3, 4, 5, 6, 7]),
        (Wanted(Scope.of("d1")), [1, 4, 7]),
        (Wanted(Scope.everything(), service="s0"), [0, 2, 4, 6]),
        (Wanted(Scope.everything(), component="c3"), [3, 7]),
        (Wanted(Scope.of("d1"), level="warning", service="s0"), [4]),
        (Wanted(Scope.of("d' OR 1=1 --")), []),
    ],
    ids=repr,
)
def test_filters(tmp_path: Path, wanted: Wanted, numbers: list[int]) -> None:
    """The same for backlog and new rows; a level means that one and the more urgent, by severity without triage."""
    path = tmp_path / "store.db"
    insert(path)
    follower = Follower(path, wanted)
    filtered(path)
    later = Follower(path, wanted)
    assert ids(follower.fresh()) == ids(later.backlog(100)) == [f"r{n}" for n in numbers]
    insert(path, Row("last", fields={"domain": "other"}))
    unfiltered = wanted in (
        Wanted(Scope.everything()),
        Wanted(Scope.everything(), level="info"),
        Wanted(Scope.everything(), level="debug"),
    )
    assert ids(follower.fresh()) == ids(later.fresh()) == (["last"] if unfiltered else [])
    follower.close()
    later.close()


def test_a_store_that_is_replaced_is_followed_from_its_start(tmp_path: Path) -> None:
    """Another file at the same path is all new; none at all is an error."""
    path = tmp_path / "store.db"
    insert(path, *(Row(f"old{n}") for n in range(3)))
    follower = Follower(path, Wanted(Scope.everything()))
    insert(tmp_path / "fresh.db", Row("new0"), Row("new1"))
    (tmp_path / "fresh.db").replace(path)
    assert ids(follower.fresh()) == ["new0", "new1"]
    path.unlink()
    with pytest.raises(NoStore):
        list(follower.fresh())
    follower.close()
    follower.close()


def test_urgent_rows_of_a_domain_are_found_however_many_came_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have an index; other filters look at the newest rows only, and never walk through the store."""
    monkeypatch.setattr("collector.store.following._LOOK", 50)
    path = tmp_path / "store.db"
    levels = ["critical", "warning", None, *(["info"] * 100)]
    severities = [9, 9, 17, *([9] * 100)]
    made = [
        Row(f"r{n:03d}", fields={"domain": "a.com", "time_unix_nano": n + 1, "severity_number": severities[n]})
        for n in range(103)
    ]
    store = EmbeddedStore(path)
    store.open()
    store.insert(rows(batch_of(made).with_attributes({"logboom.triage.level": pl.Series(levels)}), Limits()))
    store.close()
    expected = {
        Wanted(Scope.of("a.com"), level="critical"): ["r000"],
        Wanted(Scope.of("a.com"), level="warning"): ["r000", "r001"],
        Wanted(Scope.everything(), level="critical"): [],
        Wanted(Scope.of("a.com"), level="info"): ["r101", "r102"],
    }
    for wanted, found in expected.items():
        follower = Follower(path, wanted)
        assert ids(follower.backlog(2)) == found
        follower.close()


def test_the_backlog_of_a_domain_is_the_newest_by_time(tmp_path: Path) -> None:
    """Rows that came late stand where they belong."""
    path = tmp_path / "store.db"
    insert(
        path, *(Row(f"r{n}", fields={"domain": "a.com", "time_unix_nano": time}) for n, time in enumerate([5, 9, 1, 7]))
    )
    follower = Follower(path, Wanted(Scope.of("a.com")))
    assert ids(follower.backlog(3)) == ["r0", "r3", "r1"]
    follower.close()
