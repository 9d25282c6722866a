"""Tables that are made of events: the newest snapshot stands, whatever the order, however often it comes, and after memory was lost."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.base32 import first_record_id
from collector.batch import LogBatch, concat
from collector.store import changes
from collector.store.describing import described, listed
from collector.store.embedded import EmbeddedStore
from collector.store.projection import Column, Projection
from collector.store.projections import DEPLOYMENTS, NOTIFICATIONS, PATTERNS, PROJECTIONS
from collector.store.rows import Limits, rows
from collector.store.schema import CONFIDENTIAL, OF_DOMAINS
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of

NOW_MS = 1_800_000_000_000
Snapshot = dict[str, Any]


def event_id(number: int, unix_ms: int = NOW_MS) -> str:
    return first_record_id(unix_ms)[:10] + f"{number:016d}"


def deployment(number: int, **given: Any) -> Row:
    """An event as `hooks` makes it."""
    attributes = {
        "logboom.deployment.id": "d1", "logboom.version": NOW_MS + number, "service.name": "shop", "service.version": f"v{number}",
        "deployment.environment.name": "prod", "url.full": "https://ci/1", **given,
    }  # fmt: skip
    pairs = [(key, value) for key, value in attributes.items() if value is not None]
    return Row(event_id(number), pairs, fields={"domain": "a.com", "time_unix_nano": number * 10**9})


def events(made: Sequence[Row], kind: str = "logboom.deployment") -> LogBatch:
    return marked(batch_of(list(made)), [kind] * len(made))


def insert(path: Path, *batches: LogBatch) -> None:
    store = EmbeddedStore(path)
    store.open()
    for batch in batches:
        store.insert(rows(batch, Limits()), described(batch, 1024))
    store.close()


def asked(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def test_a_deployment_stands_in_its_table_and_among_the_logs(tmp_path: Path) -> None:
    """Each column is the attribute that the declaration names; the event itself is a record with its generation."""
    insert(tmp_path / "s.db", events([deployment(7)]))
    assert asked(tmp_path / "s.db", "SELECT * FROM deployments") == [
        ("a.com", "d1", "shop", "v7", "prod", "https://ci/1", 7 * 10**9, NOW_MS + 7, event_id(7))
    ]
    assert asked(tmp_path / "s.db", "SELECT record_id, generation, event_name FROM logs") == [
        (event_id(7), 1, "logboom.deployment")
    ]
    assert asked(tmp_path / "s.db", "SELECT count(*) FROM log_minutes") == [(0,)]


def test_patterns_stand_in_their_table_alone() -> None:
    """There are many, and people read `logs`; what a sender calls so is a record like any other."""
    pattern = Row(event_id(1), [("logboom.pattern.id", "p")], fields={"domain": "a.com"})
    made, sent = marked(batch_of([pattern]), [PATTERNS.kinds[0]]), events([deployment(7)])
    both = concat([made, sent])
    assert listed(both).column("event_name").to_list() == ["logboom.deployment"]
    assert [table.projection.name for table in described(both, 1024)] == ["deployments", "patterns"]
    named = Row("r1", fields={"event_name": PATTERNS.kinds[0]})
    assert len(listed(batch_of([named]))) == 1


def test_a_notification_is_a_row_for_each_group_exporter_and_sequence(tmp_path: Path) -> None:
    told = {
        "receiver": "page", "status": "firing", "reason": "first notification", "level": "critical", "started": 5, "count": 3,
        "labels": '{"service":"shop"}', "alerts": "[]",
    }  # fmt: skip
    made = [
        Row(
            event_id(number),
            [(f"logboom.alert.{name}", value) for name, value in {**told, "group": "g", "exporter": exporter, "sequence": sequence}.items()],
            fields={"domain": "a.com", "time_unix_nano": 9},
        )
        for number, (exporter, sequence) in enumerate([("slack", 1), ("jira", 1), ("slack", 2), ("slack", 2)])
    ]  # fmt: skip
    insert(tmp_path / "s.db", events(made, "logboom.alert.notification"))
    assert asked(tmp_path / "s.db", "SELECT exporter, sequence FROM notifications") == [("jira", 1), ("slack", 1), ("slack", 2)]  # fmt: skip
    names = ", ".join(column.name for column in NOTIFICATIONS.columns)
    assert asked(tmp_path / "s.db", f"SELECT {names}, version, event_id FROM notifications WHERE sequence = 2") == [
        ("page", "firing", "first notification", "critical", 5, 3, '{"service":"shop"}', "[]", 9, NOW_MS, event_id(3))
    ]


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_what_a_sender_calls_an_event_changes_no_table(projection: Projection, tmp_path: Path) -> None:
    """Names and attributes of what was sent are plain data; it is stored, and counted, like any record."""
    pairs = [
        (column.attribute, 1 if column.kind == "INTEGER" else "x")
        for column in projection.all_columns
        if column.attribute
    ]
    sent = [
        Row(event_id(number), pairs, fields={"domain": "a.com", "event_name": kind.replace("*", "created")})
        for number, kind in enumerate(projection.kinds)
    ]
    insert(tmp_path / "s.db", batch_of(sent), marked(batch_of([Row(event_id(50))]), ["logboom.other"]))
    assert asked(tmp_path / "s.db", f"SELECT count(*) FROM {projection.name}") == [(0,)]
    assert asked(tmp_path / "s.db", "SELECT sum(n) FROM log_minutes") == [(len(sent),)]
    assert described(batch_of(sent), 1024) == ()


def test_an_event_that_names_no_subject_changes_nothing(tmp_path: Path) -> None:
    insert(tmp_path / "s.db", events([deployment(1, **{"logboom.deployment.id": None}), deployment(2)]))
    assert asked(tmp_path / "s.db", "SELECT service_version FROM deployments") == [("v2",)]


def test_without_a_version_an_event_is_as_new_as_its_receipt(tmp_path: Path) -> None:
    insert(tmp_path / "s.db", events([deployment(1, **{"logboom.version": None})]))
    assert asked(tmp_path / "s.db", "SELECT version FROM deployments") == [(NOW_MS,)]


def test_long_texts_are_cut(tmp_path: Path) -> None:
    insert(tmp_path / "s.db", events([deployment(1, **{"url.full": "u" * 5000})]))
    assert asked(tmp_path / "s.db", "SELECT length(url) FROM deployments") == [(1024,)]


class Owner:
    """What a component that owns subjects does: it tells whole snapshots, and remembers the version it told last."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, str]] = {}
        self.told: list[Row] = []

    def tell(self, subject: str, text: str, clock_ms: int) -> None:
        before, _ = self.known.get(subject, (0, ""))
        self.known[subject] = (max(before + 1, clock_ms), text)
        self._emit(subject)

    def wipe(self) -> None:
        """The data directory is gone."""
        self.known = {}

    def republish(self) -> None:
        for subject in self.known:
            self._emit(subject)

    def _emit(self, subject: str) -> None:
        version, text = self.known[subject]
        self.told.append(
            deployment(
                len(self.told),
                **{"logboom.deployment.id": subject, "logboom.version": version, "service.version": text},
            )
        )


acts = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.sampled_from("xyz"), st.sampled_from("abcde"), st.integers(0, 3)),
        st.tuples(st.just("wipe")),
        st.tuples(st.just("republish")),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts, seed=st.integers(0, 1 << 30))
def test_order_repetition_and_lost_memory_do_not_matter(acts: list[Any], seed: int, tmp_path_factory: Any) -> None:
    """A clock that goes on between acts; the owner may lose everything; events come in any order, in any pieces, some twice. What stands
    is what was told last of each subject."""
    owner, clock, last = Owner(), NOW_MS, dict[str, str]()
    for act in acts:
        if act[0] == "tell":
            _, subject, text, later = act
            clock += later
            owner.tell(subject, text, clock)
            last[subject] = text
        elif act[0] == "wipe":
            owner.wipe()
            clock += 20  # a restart takes longer than 12 changes could have run ahead of the clock
        else:
            owner.republish()
    rng, path = random.Random(seed), tmp_path_factory.mktemp("s") / "s.db"
    shuffled = [*owner.told, *rng.sample(owner.told, len(owner.told) // 2)]
    rng.shuffle(shuffled)
    cuts = sorted(rng.sample(range(len(shuffled) + 1), min(2, len(shuffled) + 1)))
    pieces = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    insert(path, *(events(piece) for piece in pieces if piece))
    assert dict(asked(path, "SELECT deployment_id, service_version FROM deployments")) == last


def test_a_wiped_store_is_filled_again_by_what_its_owners_tell_again(tmp_path: Path) -> None:
    owner = Owner()
    for number in range(5):
        owner.tell(f"s{number}", f"t{number}", NOW_MS)
    insert(tmp_path / "a.db", events(owner.told))
    before, owner.told = asked(tmp_path / "a.db", "SELECT deployment_id, service_version, version FROM deployments"), []
    owner.republish()
    insert(tmp_path / "b.db", events(owner.told))
    assert asked(tmp_path / "b.db", "SELECT deployment_id, service_version, version FROM deployments") == before


def test_a_store_has_a_mark_of_its_own_that_moves_with_its_tables(tmp_path: Path) -> None:
    """The name is drawn once; the number grows with each transaction that has events, and with no other."""
    stores = [EmbeddedStore(tmp_path / name) for name in ("a.db", "b.db")]
    for store in stores:
        store.open()
    first, other = (store.mark for store in stores)
    assert first is not None
    assert other is not None
    assert first.name != other.name
    assert first.changes == 0
    sent, made = batch_of([Row("r")]), events([deployment(1)])
    for batch, number in ((sent, 0), (made, 1), (made, 2), (sent, 2)):
        stores[0].insert(rows(batch, Limits()), described(batch, 1024))
        assert stores[0].mark == (first.name, number)
    for store in stores:
        store.close()
    stores[0].open()
    assert stores[0].mark == (first.name, 2)
    stores[0].close()


# --- declarations and migrations --------------------------------------------------------------------------------------------


def test_the_migrations_make_the_tables_as_they_are_declared() -> None:
    """Else: `python -m collector.store.changes NAME` writes the migration that is missing."""
    with closing(changes.migrated()) as connection:
        assert changes.needed(connection) == []
        for projection in PROJECTIONS:
            there = connection.execute(f"PRAGMA table_info({projection.name})").fetchall()
            kinds = {name: kind for _, name, kind, *_ in there}  # a column that came later stands last
            assert kinds == {column.name: column.kind for column in projection.all_columns}
            assert {row[1] for row in there if row[5]} == {column.name for column in projection.primary_key}
    counted = {"log_minutes", "pattern_minutes", "issue_minutes"}
    assert set(OF_DOMAINS) == {
        "logs",
        *counted,
        *(projection.name for projection in PROJECTIONS if not projection.confidential),
    }
    assert CONFIDENTIAL == ("audit",)


WIDER = Projection(
    DEPLOYMENTS.name, DEPLOYMENTS.kinds, DEPLOYMENTS.key, (*DEPLOYMENTS.columns, Column("commit_id", attribute="vcs.ref")),
    {**DEPLOYMENTS.indexes, "deployments_by_service": ("service",)}, DEPLOYMENTS.aged_by,
)  # fmt: skip
NEW = Projection(
    "issues", ("logboom.issue.*",), (Column("issue_id", attribute="logboom.issue.id"),), (Column("title"),)
)


def test_a_changed_declaration_is_a_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column and an index more, a table more; behind it the store has another name, so that owners tell all again."""
    monkeypatch.setattr(changes, "_FOLDER", tmp_path)
    with closing(changes.migrated()) as connection:
        name = connection.execute("SELECT name FROM logboom_store").fetchone()
        statements = changes.needed(connection, [WIDER, NOTIFICATIONS, PATTERNS, NEW])
        for statement in statements:
            connection.execute(statement)
        assert changes.needed(connection, [WIDER, NOTIFICATIONS, PATTERNS, NEW]) == []
        assert connection.execute("SELECT name FROM logboom_store").fetchone() != name
    assert statements[0] == "ALTER TABLE deployments ADD COLUMN commit_id TEXT"
    assert changes.write("nothing") is None
    monkeypatch.setattr(changes, "needed", lambda connection: statements)
    path = changes.write("issues")
    assert path is not None
    with closing(changes.migrated()) as connection:
        connection.executescript(path.read_text())
        assert connection.execute("SELECT count(*) FROM issues").fetchone() == (0,)


def test_a_column_does_not_change_its_kind() -> None:
    other = Projection("deployments", (), DEPLOYMENTS.key, (Column("service", "INTEGER"),))
    with closing(changes.migrated()) as connection, pytest.raises(ValueError, match="service is TEXT"):
        changes.needed(connection, [other])
