"""What conditions mean on records with attributes of every kind, and how mistakes are told."""

from __future__ import annotations

import orjson
import polars as pl
import pytest

from collector.batch import LogBatch
from collector.ottl import OttlError, compile_condition
from collector.ottl.regex import translated
from collector.ottl.together.expressions import Expressions
from collector.samples import batch_of, batch_of_json

RECORD = {
    "body": {"user": {"id": 7, "tags": ["a", "b"]}, "ok": True},
    "severity": "ERROR",
    "severity_text": "Error",
    "attributes": {
        "text": "Hello",
        "int": 5,
        "double": 2.5,
        "whole": 2.0,
        "flag": True,
        "empty": "",
        "unset": None,
        "number": "12",
        "list": [1, "x", None],
        "map": {"k": {"deep": 1.5}},
        "json": '{"a": {"b": [10, 20]}, "n": 1}',
    },
    "resource": {"service.name": "shop"},
    "scope": "shop.auth",
    "event_name": "login",
    "time_unix_nano": 1_700_000_000_000_000_000,
    "trace_id": "0102030405060708090a0b0c0d0e0f10",
}

TRUE = [
    'attributes["text"] == "Hello"',
    'attributes["text"] != "hello"',
    'attributes["text"] < "World"',
    'attributes["int"] == 5 and attributes["int"] == 5.0',
    'attributes["double"] > attributes["int"] - 3',
    'attributes["int"] > attributes["double"]',
    'attributes["flag"] == true',
    'attributes["flag"] > false',
    'attributes["text"] != 5',
    'not (attributes["text"] == 5)',
    'not (attributes["text"] > 5) and not (attributes["text"] <= 5)',
    'attributes["none"] == nil',
    'attributes["unset"] == nil',
    'attributes["empty"] != nil',
    'attributes["none"] <= nil',
    'not (attributes["none"] < nil)',
    'attributes["none"] != "x"',
    'attributes["none"]["deeper"] == nil',
    'attributes["map"]["k"]["deep"] == 1.5',
    'attributes["map"]["missing"]["x"] == nil',
    'attributes["list"][0] == 1 and attributes["list"][1] == "x"',
    'body["user"]["id"] == 7',
    'body["user"]["tags"][1] == "b"',
    'IsMatch(body, "user")',
    'IsMatch(body.line, "^.\\"ok\\":true") and IsString(body.line) and log.body.line != nil',
    'IsMatch(attributes["int"], "^5$")',
    'IsMatch(attributes["double"], "2.5")',
    'not IsMatch(attributes["none"], ".*")',
    'IsString(attributes["text"]) and not IsString(attributes["int"]) and not IsString(attributes["none"])',
    'IsInt(attributes["int"]) and IsDouble(attributes["double"]) and IsBool(attributes["flag"])',
    'IsMap(attributes["map"]) and IsList(attributes["list"]) and IsMap(body)',
    'HasPrefix(attributes["text"], "He") and HasSuffix(attributes["text"], "lo")',
    'Concat([attributes["text"], attributes["int"], attributes["none"]], "-") == "Hello-5-<nil>"',
    'ToLowerCase(attributes["text"]) == "hello" and ConvertCase(attributes["text"], "upper") == "HELLO"',
    'Int(attributes["number"]) == 12 and Int(attributes["double"]) == 2 and Int(attributes["flag"]) == 1',
    'Int(attributes["text"]) == nil',
    'Double(attributes["number"]) == 12.0',
    'Len(attributes["text"]) == 5 and Len(attributes["list"]) == 3 and Len(attributes["map"]) == 1',
    'ParseJSON(attributes["json"])["a"]["b"][1] == 20',
    'IsDouble(ParseJSON(attributes["json"])["n"])',
    'Substring(attributes["text"], 1, 3) == "ell"',
    "severity_number >= SEVERITY_NUMBER_ERROR and severity_number < SEVERITY_NUMBER_FATAL",
    'severity_text == "Error"',
    'resource.attributes["service.name"] == "shop"',
    'instrumentation_scope.name == "shop.auth" and scope.name == "shop.auth"',
    'event_name == "login"',
    'trace_id.string == "0102030405060708090a0b0c0d0e0f10"',
    "trace_id == TraceID(0x0102030405060708090a0b0c0d0e0f10)",
    'span_id.string == "0000000000000000"',
    "time_unix_nano == 1700000000000000000",
    'time == Unix(1700000000) and time - Unix(1699999999) == Duration("1s")',
    "7 / 2 == 3 and -7 / 2 == -3 and 7 / 2.0 == 3.5",
    "1 + 2 * 3 == 7 and (1 + 2) * 3 == 9",
    'log.attributes["int"] == 5',
    'attributes["list"] == [1, "x", nil] and attributes["list"] != [1]',
    'attributes["map"] == {"k": {"deep": 1.5}} and attributes["map"] != {}',
    'not (attributes["list"] > [1]) and attributes["text"] != ["Hello"]',
    'ContainsValue(["Hi", "Hello"], attributes["text"]) and not ContainsValue([1, 2], attributes["int"])',
    'ContainsValue(attributes["list"], "x") and not ContainsValue(attributes["list"], "y")',
    'cache["anything"] == nil',
    'true or attributes["text"]["x"] == 1',
    'false and attributes["text"]["x"] == 1 or true',
]

ERRORS = [
    'attributes["text"]["x"] == 1',
    'not (attributes["text"]["x"] == 1)',
    'attributes["text"]["x"] == 1 or true',
    'HasPrefix(attributes["none"], "x")',
    'not HasPrefix(attributes["int"], "5")',
    'ParseJSON(attributes["text"])["a"] == 1',
    'attributes["list"][9] == 1',
    'Len(attributes["int"]) == 1',
    'attributes["text"] + 1 == 2',
    'attributes["int"] / 0 == 1',
    'Double(attributes["text"]) == 1.0',
    'ToLowerCase(severity_number) == "x"',
]

MISTAKES = [
    ("body ==", 8, "ends too early"),
    ('bdy == "x"', 1, "did you mean body?"),
    ('attribute["x"] == 1', 1, "did you mean attributes?"),
    ("attributes == 1", 1, "needs a key"),
    ('body == "x" and IsMach(body, "y")', 17, "did you mean IsMatch?"),
    ("severity_number > SEVERITY_NUMBER_WARNING", 19, "did you mean SEVERITY_NUMBER_WARN?"),
    ('IsMatch(body, "(")', 15, "unclosed group"),
    ('IsMatch(body, "(?=x)")', 15, "look-around"),
    ("IsMatch(body)", 1, "pattern missing"),
    ('IsMatch(body, "a", "b")', 1, "2 arguments (target, pattern), 3 given"),
    ("IsMatch(body, severity_text)", 15, "must be a string literal"),
    ('Concat(body, "x") == "y"', 8, "must be a list"),
    ("body", 1, "a condition is a comparison"),
    ('body == "x" and\n  "y"', 3, "a condition is a comparison"),
    ('body == "\\q"', 9, "unknown escape"),
    ("severity_number == 99999999999999999999", 20, "64 bits"),
    ("trace_id == TraceID(0x01)", 21, "16 bytes"),
    ('ismatch(body, "x")', 1, "uppercase"),
    ('Duration("5 parsecs") == Duration("1s")', 10, "not a duration"),
    ("body = 1", 6, "unexpected"),
    ("body == 1 & true", 11, "unexpected character"),
    ('attributes["x"] == [body]', 21, "may only hold literals"),
    ('ContainsValue(attributes["list"], body)', 35, "must be a literal"),
    ("0x123 == body", 1, "even number"),
]


@pytest.fixture(scope="module")
def batch() -> LogBatch:
    return batch_of([RECORD, {"body": "plain"}, RECORD])


@pytest.mark.parametrize("text", TRUE)
def test_it_is_true(text: str, batch: LogBatch) -> None:
    """For the record above; whatever the other record answers, each record has its own answer."""
    result = compile_condition(text).evaluate(batch)
    assert len(result) == 3
    assert result[0] is True
    assert result[2] is True


@pytest.mark.parametrize("text", ERRORS)
def test_it_is_an_error_and_does_not_match(text: str, batch: LogBatch) -> None:
    condition = compile_condition(text)
    assert condition.evaluate(batch)[0] is None
    assert condition.matches(batch)[0] is False


@pytest.mark.parametrize(("text", "column", "reason"), MISTAKES)
def test_a_mistake_is_told_with_its_place(text: str, column: int, reason: str) -> None:
    with pytest.raises(OttlError) as told:
        compile_condition(text)
    assert reason in str(told.value)
    assert told.value.column == column


def test_a_batch_of_no_records_gives_no_answers() -> None:
    assert compile_condition('body == "x" or true').matches(LogBatch.empty()).to_list() == []


def test_bytes_inside_a_list_do_no_harm() -> None:
    value = {"arrayValue": {"values": [{"bytesValue": "AQI="}, {"doubleValue": "NaN"}, {}]}}
    record = {"body": value, "attributes": [{"key": "a", "value": value}]}
    batch = batch_of_json(orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}))
    for text in ("Len(body) == 3", 'IsMatch(attributes["a"], "0102")', 'attributes["a"][2] == nil', "IsList(body)"):
        assert compile_condition(text).matches(batch).to_list() == [True], text


def test_only_the_columns_that_are_needed_are_read() -> None:
    """A comparison with a string looks at no other kind of the attribute."""
    parts = compile_condition('attributes["a"] == "x" and severity_number > 3').columns
    assert sorted(part for found in parts.values() for part in found) == ["int", "string"]


def test_a_hostile_regex_takes_linear_time() -> None:
    """Catastrophic for a backtracking engine: 2^60 steps."""
    batch = batch_of([{"body": "a" * 60_000 + "!"}])
    assert compile_condition('IsMatch(body, "^(a+)+$")').matches(batch).to_list() == [False]


def test_nan_is_equal_to_nothing() -> None:
    batch = batch_of([{"body": "x", "attributes": {"n": "NaN"}}])
    for text in ('Double(attributes["n"]) == Double(attributes["n"])', 'Double(attributes["n"]) > 1.0'):
        assert compile_condition(text).matches(batch).to_list() == [False]


REGEXES = [
    (r"^\w+$", "w\u00f6rd", False),
    (r"^\w+$", "word_1", True),
    (r"^.{4}$", "w\u00f6rd", True),
    (r"^\S+$", "w\u00f6rd", True),
    (r"^[^\w]+$", "\u00f6\u00f6", True),
    (r"^[^a]{2}$", "\u00f6\u00f6", True),
    (r"\d", "\u0663", False),
    (r"^\D$", "\u0663", True),
    (r"\bfoo\b", "a foo.", True),
    (r"(?i)FEHLER", "Fehler", True),
    ("\u00f6+", "w\u00f6\u00f6rd", True),
    (r"\pL{4}", "w\u00f6rd", True),
    (r"[[:alpha:]]+x", "aax", True),
    (r"[\]\S]", "\u00f6", True),
    (r"a\.b", "a.b", True),
    (r"a\.b", "axb", False),
]


@pytest.mark.parametrize(("pattern", "text", "matches"), REGEXES)
def test_regexes_mean_what_re2_means(pattern: str, text: str, matches: bool) -> None:
    """ASCII classes and word boundaries; dots and negated classes step over whole characters."""
    assert pl.Series([text]).str.contains(translated(pattern)).to_list() == [matches]


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        *REGEXES,
        ("(?i)strasse", "\u017ftra\u017f\u017fe", True),
        ("(?i)^[a-z]+$", "\u017ftra\u017f\u017fe", True),
        ("strasse", "\u017ftra\u017f\u017fe", False),
        ("(?i)kelvin", "\u212aelvin", True),
        ("(?i)\u00c4rger", "\u00e4rger", True),
        ("(?i:s)x", "\u017fX", False),
        (r"(?i)\pL+", "\u00c4", True),
        ("(?i)error", "ERROR \u00fc", True),
    ],
)
def test_is_match_means_the_same_to_triage_and_to_select(pattern: str, text: str, matches: bool) -> None:
    """Triage runs RE2 alone; a condition of `select` runs through polars. Both fold case as Unicode does."""
    written = pattern.replace("\\", "\\\\").replace('"', '\\"')
    selected = compile_condition(f'IsMatch(body, "{written}")').matches(batch_of([{"body": text}, {"body": ""}]))
    assert selected.to_list()[0] is matches
    assert Expressions([pattern]).matching([text.encode()]) == [(0,) if matches else ()]


def test_a_hundred_regexes_of_one_rule_set_keep_their_meaning() -> None:
    text = " and ".join(f'not IsMatch(body, "word{i}\\\\b.{{0,9}}$")' for i in range(100))
    assert compile_condition(text).matches(batch_of([{"body": "x"}, {"body": "word7 end"}])).to_list() == [True, False]
