"""Records as causes are sought in them."""

import polars as pl
import pytest

from collector.causes.frame import FIELDS, frame, places
from collector.samples import batch_of

NONE = pl.Series([None], dtype=pl.String)


def test_a_record_says_its_fields_itself_or_through_its_resource():
    batch = batch_of([
        {"body": "boom", "severity": "ERROR", "attributes": {"exception.type": "IOError", "http.status_code": 503, "host.name": "own"},
         "resource": {"service.name": "shop", "service.version": "2", "host.name": "box"}, "trace_id": "ab" * 16, "span_id": "cd" * 8},
        {"body": "fine"},
    ])  # fmt: skip
    first, second = frame(batch).to_dicts()
    assert (first["service"], first["service.version"], first["host.name"]) == ("shop", "2", "own")
    assert (first["exception.type"], first["http.response.status_code"], first["error"]) == ("IOError", "503", True)
    assert (first["trace"], first["span"]) == ("ab" * 16, "cd" * 8)
    assert (second["service"], second["error"], second["trace"]) == ("", False, None)
    assert all(second[name] is None for name in FIELDS)


@pytest.mark.parametrize(
    ("code", "pattern", "body", "place"),
    [
        ("pay.charge:88", "p1", "boom", "pay.charge:88"),
        (None, "p1", "12:01 INFO t.s.TravelServiceImpl#532 TraceID: 1", "t.s.TravelServiceImpl#532"),
        (None, "p1", "ERROR app/db.py:88 no connection", "app/db.py:88"),
        (None, "p1", "order 5 failed", "p1"),
        (None, None, "order 5 of 3fa9 failed", "order * of * failed"),
        (None, None, None, ""),
    ],
    ids=str,
)
def test_a_place_is_the_code_else_the_pattern_else_the_words(code, pattern, body, place):
    told = [pl.Series([value], dtype=pl.String) for value in (code, pattern, body)]
    assert places(*told).to_list() == [place]


def test_no_records_have_the_same_columns(shop):
    assert frame(batch_of([])).schema == shop.minute(0).schema
