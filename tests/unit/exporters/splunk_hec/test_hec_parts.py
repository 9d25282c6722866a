"""A batch as requests: what must be apart, where it is cut, and raw lines."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.batch import LogBatch, concat
from collector.columns.text_buffers import text_bytes
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.parts import BAD_TOKEN, Part, encoded
from otlp_wire import any_from_python


def config(**options) -> SplunkHecConfig:
    return SplunkHecConfig.model_validate({"endpoint": "https://127.0.0.1:8088", "token": "t", **options})


def batch(*bodies: str, scope: str = "", **resource: str) -> LogBatch:
    return LogBatch.of(
        {"body": bodies}, resource={key.replace("__", "."): text for key, text in resource.items()}, scope=scope
    )


def tokens(records: LogBatch, **options) -> list[tuple[str, list[int]]]:
    return [(part.token, part.items.tolist()) for part in encoded(records, config(**options)).parts]


def test_one_request_for_each_token():
    """Records with tokens of their own go apart; the others go with the configured one."""
    own = batch("b", com__splunk__hec__access_token="one")
    records = concat([batch("a"), own, batch("c"), batch("d", com__splunk__hec__access_token="two"), own])
    assert tokens(records) == [("", [0, 2]), ("one", [1, 4]), ("two", [3])]


@pytest.mark.parametrize("token", ["a b", "a\r\nX: y", "ü", "\x00"])
def test_token_that_no_header_can_carry(token):
    """Its records are named, without the token; the others go."""
    records = concat([batch("a", com__splunk__hec__access_token=token), batch("b")])
    found = encoded(records, config())
    assert [(items.tolist(), reason) for items, reason in found.refused] == [([0], BAD_TOKEN)]
    assert [part.items.tolist() for part in found.parts] == [[1]]


def test_the_token_shows_nowhere():
    """Requests may be printed."""
    [part] = encoded(batch("a", com__splunk__hec__access_token="s3cret"), config()).parts
    assert "s3cret" not in repr(part)


MODES = {
    "both": ({}, [(False, [0]), (True, [1])], 0),
    "no profiling": ({"profiling_data_enabled": False}, [(False, [0])], 1),
    "profiling alone": ({"log_data_enabled": False}, [(True, [1])], 1),
}


@pytest.mark.parametrize("mode", MODES)
def test_profiling_data(mode):
    """Records of the scope `otel.profiling` go apart; what the options leave out is counted."""
    options, parts, left_out = MODES[mode]
    found = encoded(concat([batch("a"), batch("b", scope="otel.profiling")]), config(**options))
    assert [(part.profiling, part.items.tolist()) for part in found.parts] == parts
    assert found.left_out == left_out


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 100))
def test_cut_at_a_size(sizes, limit):
    """No part is larger than the limit unless it is a single event; none is empty, all are there in order."""
    whole = Part(pl.Series(["x" * size for size in sizes]), pl.Series(range(len(sizes)), dtype=pl.UInt32).to_numpy())
    parts = list(whole.cut(limit))
    assert [item for part in parts for item in part.items.tolist()] == list(range(len(sizes)))
    assert "".join(text for part in parts for text in part.texts) == "".join(whole.texts)
    assert all(part.size_bytes <= limit or len(part) == 1 for part in parts)
    assert all(len(a) and a.size_bytes + len(b.texts[0]) > limit for a, b in pairwise(parts))


def test_no_limit():
    """`max_content_length_logs: 0` makes one request of a batch."""
    assert len(encoded(batch(*["x" * 1000] * 50), config(max_content_length_logs=0)).parts) == 1
    assert len(encoded(batch(*["x" * 1000] * 50), config(max_content_length_logs=10_000)).parts) > 1


def raw(records: LogBatch, **options) -> list[bytes]:
    return [text_bytes(part.texts) for part in encoded(records, config(export_raw=True, **options)).parts]


def test_raw_lines_of_each_kind_of_body():
    """Text as it is, everything else as its JSON."""
    values = [None, any_from_python({"k": [1]}), any_from_python(4.5), any_from_python(True)]
    records = LogBatch.of({"body": ['say "hi"', None, None, None], "body_any": values})
    assert raw(records) == [b'say "hi"\n{"k":[1]}\n4.5\ntrue\n']


BREAKS = {
    "\n": b"\\n",
    "\r\n": b"\\r\\n",
    "\r": b"\\r",
    "\x0b": b"\\v",
    "\x0c": b"\\f",
    "\x85": b"\\u0085",
    "\u2028": b"\\u2028",
}


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_a_body_is_one_line(line_break):
    """No break that any reader knows is left in a body, so nobody can forge an event."""
    assert raw(batch(f"a{line_break}forged", "b")) == [b"a" + BREAKS[line_break] + b"forged\nb\n"]


def test_line_breaks_are_kept_on_demand():
    """As otelcol does."""
    assert raw(batch("a\nb"), raw_newlines="keep") == [b"a\nb\n"]


@pytest.mark.slow
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text.strip()), min_size=1
    )
)
def test_as_many_lines_as_records(bodies):
    """Whatever bodies hold."""
    [body] = raw(batch(*bodies))
    assert body.count(b"\n") == len(bodies)


def test_one_raw_request_for_each_metadata():
    """Host, source, source type and index travel in the query; empty ones do not."""
    records = concat([batch("a", host__name="h"), batch("b"), batch("c", host__name="h")])
    found = encoded(records, config(export_raw=True, index="main"))
    assert [(dict(part.query), part.items.tolist()) for part in found.parts] == [
        ({"host": "h", "index": "main"}, [0, 2]),
        ({"host": "unknown", "index": "main"}, [1]),
    ]
