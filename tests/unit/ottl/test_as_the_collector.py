"""What a comparison with a real Collector found: each function as it is there."""

from __future__ import annotations

from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.ottl.plain.grok import _known, grok
from collector.ottl.plain.patterns import compiled
from collector.rowwise import rows
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.transform import FACTORY


def transformed(statement: str, **record: Any) -> dict[str, Any]:
    """The record behind one statement."""
    options = {"error_mode": "silent", "log_statements": [{"context": "log", "statements": [statement]}]}
    processor = FACTORY.create(FACTORY.config.model_validate(options), Context("transform", None))  # type: ignore[arg-type]
    batch: LogBatch = processor.process(batch_of([record]), FakeWork())
    return rows(batch)[0]


@pytest.mark.parametrize(
    ("expression", "body", "result"),
    [
        ('Substring(body, 1, 2)', "aüb", "ü"),
        ('Substring(body, 1, 1)', "aüb", "\ufffd"),
        ('Substring(body, 0, 2, true)', "aüb", "a"),
        ('Substring(body, 0, 2, utf8_safe = true)', "aüb", "a"),
        ('Substring(body, 0, 2, utf8Safe = true)', "aüb", "a"),
        ('ToUpperCase(body)', "Straße", "STRAßE"),
        ('ConvertCase(body, "upper")', "ŉa", "ŉA"),
        ('ToLowerCase(body)', "ΟΔΟΣ İ", "οδοσ i"),
        ('Decode(body, "us-ascii")', "Grüße", "Grüße"),
        ('String(body)', 1e21, "1e+21"),
        ('String(body)', 1.5e-7, "1.5e-7"),
        ('String(body)', 123456789012345680000.0, "123456789012345680000"),
        ('String(body)', 0.000001, "0.000001"),
        ('String(body)', {"a": [1e21, 1e15, 2.0, 0.5]}, '{"a":[1e+21,1000000000000000,2,0.5]}'),
        ('IsValidLuhn(attributes["absent"])', "x", None),
        ('IsValidLuhn("")', "x", False),
        ('ExtractGrokPatterns(body, "%{NUMBER:n:int}", true)', "127.0", None),
        ('ExtractGrokPatterns(body, "%{NUMBER:n:int}", true)', "127", {"n": 127}),
        ('ExtractGrokPatterns(body, "%{WORD:w} (?:%{WORD:x})?", true)', "one ", {"w": "one"}),
        ('URL("https://u:p%20w@h/")', "x", {"url.original": "https://u:p%20w@h/", "url.domain": "h", "url.scheme": "https", "url.path": "/",
                                         "url.user_info": "u:p%20w", "url.username": "u", "url.password": "p w"}),
    ],
)  # fmt: skip
def test_converters(expression: str, body: Any, result: Any) -> None:
    """None: it is an error, and nothing is set."""
    assert transformed(f'set(attributes["result"], {expression})', body=body)["attributes"].get("result") == result


@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ("truncate_all(attributes, 5)", "abcd"),
        ("truncate_all(attributes, 5, false)", "abcd\ufffd"),
        ('truncate_all(attributes, 5, true, "..")', "abc.."),
        ('truncate_all(attributes, 5, truncation_marker = "..")', "abc.."),
        ('truncate_all(attributes, 5, truncationMarker = "..") where body == "x"', "abc.."),
        ("truncate_all(attributes, 9)", "abcdüfg"),
    ],
)
def test_truncation(statement: str, result: str) -> None:
    assert transformed(statement, body="x", attributes={"text": "abcdüfg", "number": 7})["attributes"] == {"text": result, "number": 7}  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ('delete_index(attributes["list"], 0)', [2, "c"]),
        ('delete_index(attributes["list"], 1, 3)', [1]),
        ('delete_index(attributes["list"], 0, 3)', []),
        ('delete_index(attributes["list"], 1, endIndex = 1)', [1, 2, "c"]),
        ('delete_index(attributes["list"], 3)', [1, 2, "c"]),
        ('delete_index(attributes["list"], 2, 1)', [1, 2, "c"]),
        ('delete_index(attributes["list"], 0, 4)', [1, 2, "c"]),
        ('delete_index(attributes["text"], 0)', [1, 2, "c"]),
        ("stringify_all(attributes)", '[1,2,"c"]'),
    ],
)
def test_lists(statement: str, result: Any) -> None:
    """What is out of bounds, or no list, is an error: the record stays."""
    found = transformed(statement, body="x", attributes={"list": [1, 2, "c"], "text": "t"})["attributes"]
    assert found == {"list": result, "text": "t"}


def test_a_marker_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="length of marker 4 cannot be greater than limit 3"):
        FACTORY.config.model_validate({"log_statements": ['truncate_all(log.attributes, 3, true, "....")']})


def test_every_pattern_of_grok_is_one_of_re2() -> None:
    """Also those that are made of many others."""
    for name in _known():
        assert compiled(grok(f"%{{{name}}}", False, ()).expression)


def test_a_line_of_a_web_server() -> None:
    line = '127.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://e/" "curl/8"'
    found = transformed('set(attributes["r"], ExtractGrokPatterns(body, "%{HTTPD_COMBINEDLOG}"))', body=line)[
        "attributes"
    ]["r"]
    assert (found["source.address"], found["user.name"], found["http.response.status_code"]) == (
        "127.0.0.1",
        "ann",
        200,
    )
    assert found["user_agent.original"] == "curl/8"
