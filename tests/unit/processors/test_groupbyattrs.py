"""`groupbyattrs` beyond the Collector's own cases: several resources, values of several kinds, records without the keys."""

from __future__ import annotations

from pathlib import Path

from collector.batch import LogBatch, ValueKind, concat
from collector.component import Context
from collector.testing.work import FakeWork
from processors.groupbyattrs import FACTORY


def _grouped(batch: LogBatch, *keys: str) -> LogBatch:
    config = FACTORY.config.model_validate({"keys": list(keys)})
    done: LogBatch = FACTORY.create(config, Context("groupbyattrs", Path())).process(batch, FakeWork())
    return done


def _part(app: str) -> LogBatch:
    return LogBatch.of(
        {"body": ["1", "2", "3"]}, {"host": ["a", None, "b"], "n": [1, 1, 1]}, resource={"app": app, "host": "old"}
    )


def test_values_move_to_resources_that_are_joined_where_they_are_equal() -> None:
    """Two payloads of one resource; the value replaces the resource's, and a record without it keeps what it had."""
    done = _grouped(concat([_part("x"), _part("x"), _part("y")]), "host", "absent", "host")
    assert done.column("body").to_list() == ["1", "2", "3"] * 3
    assert done.resource_attribute("host").to_list() == ["a", "old", "b"] * 3
    assert done.resource_attribute("app").to_list() == ["x"] * 6 + ["y"] * 3
    assert done.attribute("host").null_count() == 9
    assert done.attribute("n", ValueKind.INT).to_list() == [1] * 9
    assert (done.resources.height, done.scopes.height) == (6, 6)


def test_values_of_different_kinds_make_different_resources() -> None:
    """1, true and "1" are three things."""
    parts = [LogBatch.of({"body": [""]}, {"k": [value]}) for value in (1, True, "1", 1)]
    done = _grouped(concat(parts), "k")
    assert done.resources.height == 3
    assert done.resource_attribute("k", ValueKind.INT).to_list() == [1, None, None, 1]


def test_without_keys_equal_resources_and_scopes_are_joined() -> None:
    """What differs stays apart; nothing of a record changes."""
    done = _grouped(concat([_part("x"), _part("y"), _part("x")]))
    assert (done.resources.height, done.scopes.height) == (2, 2)
    assert done.attribute("host").to_list() == ["a", None, "b"] * 3
    assert _grouped(LogBatch.empty(), "k").records.height == 0
