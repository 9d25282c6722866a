"""What a record's attributes make of its index costs that record at most: never the exporter, never its neighbours."""

from __future__ import annotations

import json

import numpy as np
import pytest

from collector.batch import LogBatch
from collector.delivery.reading import read
from collector.testing.row_batch import Row, batch_of
from collector.transport.http_client import HttpAnswer
from exporters.elasticsearch.answers import verdicts
from exporters.elasticsearch.config import ElasticsearchConfig, Mapping
from exporters.elasticsearch.documents import Documents, documents
from exporters.elasticsearch.routing import WRONG_NAME, Router

IMPOSSIBLE = [
    "", ".", "..", "-a", "_a", "+a", "_all", "a*", "a?b", 'a"b', "<logs-{now/d}>", "a|b", "a b", "a,b", "a#b", "a:b", "a/b",
    "a\\b", "a\nb", "a\0b", "x" * 256, "ü" * 128,
]  # fmt: skip
POSSIBLE = ["logs", ".mine", "a.b-c_d+e", "ä", "Alias", "x" * 255]


def batch_with(name: str) -> LogBatch:
    """Between two good neighbours."""
    return batch_of(
        [Row("0", []), Row("1", [("elasticsearch.index", name)]), Row("2", [("elasticsearch.index", "good")])]
    )


def found(name: str, mode: str = "otel", **logstash: object) -> Documents:
    config = ElasticsearchConfig.model_validate({"endpoint": "http://x", "logstash_format": logstash})
    mapping = Mapping.model_validate({"mode": mode})
    return documents(batch_with(name), mapping, Router("", config.logstash_format))


@pytest.mark.parametrize("logstash", [{}, {"enabled": True}], ids=["plain", "logstash"])
@pytest.mark.parametrize("mode", ["otel", "ecs", "none", "raw"])
@pytest.mark.parametrize("name", IMPOSSIBLE, ids=lambda name: name[:8].encode("unicode_escape").decode())
def test_an_impossible_name_is_a_dead_letter_and_the_others_travel(
    name: str, mode: str, logstash: dict[str, object]
) -> None:
    """It never reaches the server, whose answer might be for the whole request."""
    made = found(name, mode, **logstash)
    assert list(made.items) == [0, 2]
    assert [(list(items), reason) for items, reason in made.refused] == [([1], WRONG_NAME)]
    assert list(made.chosen) == [False, True]


@pytest.mark.parametrize("name", POSSIBLE)
def test_a_possible_name_is_used(name: str) -> None:
    """Whether it is one of the server's, the server says."""
    made = found(name)
    assert list(made.chosen) == [False, True, True]
    assert json.loads(made.action[1] + "}}")["create"]["_index"] == name


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize(
    ("chosen", "blocked", "rejected_in_the_end"),
    [([0, 0], True, []), ([1, 1], False, [0, 1]), ([1, 0], False, [0])],
    ids=["by the options", "by the records", "one by its record"],
)
def test_an_index_that_a_record_named_blocks_nobody(
    status: int, chosen: list[int], blocked: bool, rejected_in_the_end: list[int]
) -> None:
    """Refused where the options send it, everything waits; where a record sends itself, that record does, three times."""
    told = [{"create": {"status": status, "error": {"type": "security_exception", "reason": "no"}}}] * 2
    answer = HttpAnswer(200, {}, json.dumps({"errors": True, "items": told}).encode())
    reading = read(verdicts(answer, np.arange(2, dtype=np.uint32), chosen=np.array(chosen, dtype=np.bool_)), 2)
    assert (reading.blocked is not None) == blocked
    assert [list(items) for items, _, _ in reading.limited] == ([rejected_in_the_end] if rejected_in_the_end else [])
