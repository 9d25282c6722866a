"""`redaction` beyond the Collector's cases at hand: summaries, hashes, bodies, sanitizers."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import otlp_wire
from collector.batch import LogBatch, ValueKind
from collector.component import Context
from collector.shaping import sanitizing
from collector.testing.work import FakeWork
from processors.redaction import FACTORY

CARD = "4111111111111111"
BLOCKED = {"allow_all_keys": True, "blocked_values": ["4[0-9]{12}(?:[0-9]{3})?"]}


def _redacted(options: dict[str, Any], batch: LogBatch) -> LogBatch:
    done: LogBatch = FACTORY.create(FACTORY.config.model_validate(options), Context("redaction", Path())).process(
        batch, FakeWork()
    )
    return done


def _attributes(options: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """What is left of the attributes of one record."""
    own = {key: value for key, value in attributes.items() if not isinstance(value, dict | list)}
    nested = {key: otlp_wire.any_from_python(value) for key, value in attributes.items() if key not in own}
    batch = LogBatch.of({"body": [""]}, {key: [value] for key, value in own.items()})
    rows = [(0, key, int(ValueKind.ANY), value) for key, value in nested.items()]
    table = pl.DataFrame(rows, {"owner": pl.UInt32, "key": pl.String, "kind": pl.UInt8, "any": pl.Binary}, orient="row")
    batch = replace(batch, attributes=pl.concat([batch.attributes, table], how="diagonal"))
    return _of_first(_redacted(options, batch))


def _of_first(batch: LogBatch) -> dict[str, Any]:
    found = {}
    for row in batch.all_attributes().filter(pl.col("owner") == 0).iter_rows(named=True):
        values = [row[name] for name in ("string", "bool", "int", "double", "bytes", "any") if row[name] is not None]
        found[row["key"]] = otlp_wire.any_to_python(values[0]) if row["any"] is not None else values[0]
    return found


@pytest.mark.parametrize(
    ("options", "attributes", "expected"),
    [
        ({}, {"a": "b", "n": 1}, {}),
        ({"allowed_keys": ["a"]}, {"a": "b", "n": 1}, {"a": "b"}),
        (BLOCKED, {"a": f"card {CARD}.", "n": 4111111111111111}, {"a": "card ****.", "n": 4111111111111111}),
        ({**BLOCKED, "redact_all_types": True}, {"n": 4111111111111111, "t": True}, {"n": "****", "t": True}),
        ({**BLOCKED, "redact_all_types": True}, {"m": {"card": CARD}}, {"m": '{"card":"****"}'}),
        (BLOCKED, {"m": {"card": CARD}}, {"m": {"card": CARD}}),
        ({**BLOCKED, "allowed_values": ["^ok"]}, {"a": f"ok {CARD}", "b": CARD}, {"a": f"ok {CARD}", "b": "****"}),
        ({**BLOCKED, "ignored_keys": ["a"], "ignored_key_patterns": ["^safe"]}, {"a": CARD, "safe.x": CARD, "b": CARD}, {"a": CARD, "safe.x": CARD, "b": "****"}),
        ({"ignored_keys": ["a"]}, {"a": CARD, "b": 1}, {"a": CARD}),
        ({"allow_all_keys": True, "blocked_key_patterns": ["(?i)token"]}, {"myToken": "x\ny", "n.token": 5, "b": "x"}, {"myToken": "****\n****", "n.token": "****", "b": "x"}),
        ({**BLOCKED, "hash_function": "md5"}, {"a": f"<{CARD}>"}, {"a": f"<{hashlib.md5(CARD.encode()).hexdigest()}>"}),
        ({**BLOCKED, "hash_function": "sha3"}, {"a": CARD}, {"a": hashlib.sha3_256(CARD.encode()).hexdigest()}),
        ({**BLOCKED, "hash_function": "hmac-sha256", "hmac_key": "k" * 32}, {"a": CARD}, {"a": hmac.digest(b"k" * 32, CARD.encode(), "sha256").hex()}),
        (
            {**BLOCKED, "summary": "debug", "ignored_keys": ["i"], "allowed_values": ["^ok"]}, {"b": CARD, "a": CARD, "i": CARD, "o": "ok", "z": "x"},
            {"b": "****", "a": "****", "i": CARD, "o": "ok", "z": "x", "redaction.masked.keys": "a,b", "redaction.masked.count": 2,
             "redaction.allowed.keys": "o", "redaction.allowed.count": 1, "redaction.ignored.count": 1},
        ),
        (
            {"allowed_keys": ["a"], "blocked_values": [CARD], "summary": "info"}, {"a": CARD, "b": 1, "c": 2},
            {"a": "****", "redaction.masked.count": 1, "redaction.redacted.count": 2},
        ),
        (
            {"allowed_keys": ["a"], "blocked_values": [CARD], "summary": "debug"},
            {"a": CARD, "b": 1, "redaction.redacted.keys": "x,c", "redaction.redacted.count": 2},
            {"a": "****", "redaction.redacted.keys": "b,c,x", "redaction.redacted.count": 3, "redaction.masked.keys": "a", "redaction.masked.count": 1},
        ),
        ({**BLOCKED, "summary": "silent"}, {"a": CARD}, {"a": "****"}),
        (
            {"allow_all_keys": True, "url_sanitizer": {"enabled": True, "attributes": ["http.url"]}}, {"http.url": "/users/fdklsd/job/2?k=v", "b": "/users/2"},
            {"http.url": "/users/*/job/*", "b": "/users/2"},
        ),
        (
            {"allow_all_keys": True, "db_sanitizer": {"sql": {"enabled": True, "attributes": ["db.statement"]}}},
            {"db.system": "MySQL", "db.statement": "SELECT * FROM users WHERE id = 123 AND n = 'x'", "b": "id = 1"},
            {"db.system": "MySQL", "db.statement": "SELECT * FROM users WHERE id = ? AND n = ?", "b": "id = 1"},
        ),
        (
            {"allow_all_keys": True, "db_sanitizer": {"sql": {"enabled": True, "attributes": ["db.statement"]}}},
            {"db.statement": "id = 123"}, {"db.statement": "id = 123"},
        ),
        (
            {"allow_all_keys": True, "db_sanitizer": {"allow_fallback_without_system": True, "sql": {"enabled": True, "attributes": ["q"]}, "redis": {"enabled": True, "attributes": ["q"]}}},
            {"q": "SET user:123 john"}, {"q": "SET user:? ?"},
        ),
    ],
)  # fmt: skip
def test_attributes_of_a_record(options: dict[str, Any], attributes: dict[str, Any], expected: dict[str, Any]) -> None:
    """What is left, and what sums it up."""
    assert _attributes(options, **attributes) == expected


def test_resources_and_scopes_are_redacted_like_records() -> None:
    """Each level sums up what was done with its own."""
    batch = LogBatch.of({"body": ["", ""]}, {"a": [CARD, "x"]}, resource={"card": CARD, "service.name": "shop"})
    batch = batch.with_scope_attributes({"card": pl.Series([CARD])})
    done = _redacted({**BLOCKED, "summary": "info"}, batch)
    assert done.attribute("a").to_list() == ["****", "x"]
    assert done.resource_attribute("card").to_list() == ["****", "****"]
    assert done.resource_attribute_text("redaction.masked.count").to_list() == ["1", "1"]
    assert done.scope_attribute("card").to_list() == ["****", "****"]
    assert done.attribute_text("redaction.masked.count").to_list() == ["1", None]


@pytest.mark.parametrize(
    ("options", "body", "expected", "told"),
    [
        (BLOCKED, f"paid by {CARD}", "paid by ****", {"masked.keys": "body", "masked.count": 1}),
        (BLOCKED, 4111111111111111, "****", {"masked.keys": "body", "masked.count": 1}),
        ({**BLOCKED, "allowed_values": ["^paid"]}, f"paid by {CARD}", f"paid by {CARD}", {}),
        (
            {**BLOCKED, "blocked_key_patterns": ["pass"], "ignored_keys": ["safe"]},
            {"user": {"password": "x", "cards": [CARD, 1]}, "safe": CARD, "n": 1},
            {"user": {"password": "****", "cards": ["****", 1]}, "safe": CARD, "n": 1},
            {"masked.keys": "user.cards.[0],user.password", "masked.count": 2, "ignored.count": 1},
        ),
        ({"allowed_keys": ["a"]}, {"a": {"b": 1}, "c": 2}, {"a": {}}, {"redacted.keys": "a.b,c", "redacted.count": 2}),
        (BLOCKED, [CARD, {"x": CARD}], ["****", {"x": "****"}], {"masked.keys": "[0],[1].x", "masked.count": 2}),
        ({**BLOCKED, "blocked_values": ["no such"]}, {"a": [1, {"b": 2.5}]}, {"a": [1, {"b": 2.5}]}, {}),
    ],
)  # fmt: skip
def test_bodies(options: dict[str, Any], body: Any, expected: Any, told: dict[str, Any]) -> None:
    """Texts, numbers, maps and lists, with what was done in attributes of the record."""
    columns = {"body": [body]} if isinstance(body, str) else {"body_any": [otlp_wire.any_from_python(body)]}
    done = _redacted({**options, "summary": "debug"}, LogBatch.of(columns))
    left = done.column("body")[0]
    assert (left if left is not None else otlp_wire.any_to_python(done.column("body_any")[0])) == expected
    assert _of_first(done) == {f"redaction.body.{key}": value for key, value in told.items()}


@pytest.mark.parametrize(
    ("path", "clustered"),
    [
        ("", ""), ("/users/fdklsd/j4elk/23993/job/2", "/users/*/j4elk/*/job/*"), ("123", "*"), ("123/", "*/"), ("123/ljgdflgjf", "*/*"),
        ("/**", "/*"), ("/u/2", "/u/*"), ("/v1/products/22j", "/v1/products/*"), ("/products//org/3", "/products//org/*"),
        ("/v1/k6-test-runs/1", "/v1/k6-test-runs/*"), ("/api.backup/hello.world", "/api.backup/hello.world"), ("DELETE /user_space/", "DELETE /user_space/"),
        ("/attach?session_id=ddfsdsf", "/attach"), ("/attach#section-1", "/attach"), ("/Benutzer/fdklsd/j4elk/23993/Arbeit/2", "/Benutzer/*/j4elk/*/Arbeit/*"),
        ("GET /api/cart?sessionId=55f4e5ea", "GET /api/cart"), ("/w/index.php/*", "/w/index.php/*"), ("?", ""), ("attach12?", "*"), ("/1#", "/*"),
        ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/i"),
    ],
)  # fmt: skip
def test_addresses_keep_their_words(path: str, clustered: str) -> None:
    """The table of the library that the Collector uses."""
    assert sanitizing.url(path) == clustered


@pytest.mark.parametrize(
    ("clean", "query", "left"),
    [
        (sanitizing.sql, "UPDATE accounts SET balance = 10 WHERE id = 7", "UPDATE accounts SET balance = ? WHERE id = ?"),
        (sanitizing.sql, "SELECT a FROM t WHERE n = 'it''s \\' x' -- mine 7\nAND b IN (1, -2.5e3, NULL)", "SELECT a FROM t WHERE n = ? \nAND b IN (?, ?, ?)"),
        (sanitizing.sql, 'SELECT "id" FROM t WHERE n = "secret"', 'SELECT "id" FROM t WHERE n = ?'),
        (sanitizing.sql, "SELECT $$a secret$$ /* 'x' */ FROM t1 WHERE x = 'open", "SELECT ?  FROM t? WHERE x = ?"),
        (sanitizing.sql, 'CREATE USER "bob" IDENTIFIED BY "hunter two"', 'CREATE USER "bob" IDENTIFIED BY ?'),
        (sanitizing.sql, 'ALTER USER b IDENTIFIED  WITH "sha2" BY\n"hunter" REPLACE "old"', 'ALTER USER b IDENTIFIED  WITH "sha?" BY\n? REPLACE ?'),
        (sanitizing.sql, 'CREATE USER b IDENTIFIED WITH sha AS "hash"', 'CREATE USER b IDENTIFIED WITH sha AS ?'),
        (sanitizing.sql, 'CREATE USER b identified by password "hash"', 'CREATE USER b identified by password ?'),
        (sanitizing.sql, "ALTER USER b IDENTIFIED BY hunter;", "ALTER USER b IDENTIFIED BY ?;"),
        (sanitizing.sql, 'SELECT a FROM t GROUP BY "a" ORDER  BY "b"', 'SELECT a FROM t GROUP BY "a" ORDER  BY "b"'),
        (sanitizing.sql, "SELECT a # hunter's\nFROM t WHERE b = 1#hunter\nAND c = '# x' ##-- hunter", "SELECT a \nFROM t WHERE b = ?\nAND c = ?"),
        (sanitizing.sql, "SELECT a #>> '{b}', a #> p, a #- '{c}' FROM t", "SELECT a #>> ?, a #> p, a #- ? FROM t"),
        (sanitizing.sql, "SELECT a FROM t WHERE b = 'cut \\", "SELECT a FROM t WHERE b = ?"),
        (sanitizing.sql, 'SELECT a FROM t WHERE b = "cut \\', "SELECT a FROM t WHERE b = ?"),
        (sanitizing.sql_in_text, "job #7 of worker#3 failed", "job #? of worker#? failed"),
        (sanitizing.sql_in_text, "failed: SELECT a # hunter\nFROM t", "failed: SELECT a \nFROM t"),
        (sanitizing.redis, 'SET k "first line\nhunter is the password"\nGET k', "SET k ?\nGET k"),
        (sanitizing.redis, "SET k 'it\\'s\nhunter' EX 7\n\nGET k\n", "SET k ?\n\nGET k\n"),
        (sanitizing.redis, 'SET k "say \\"\nhunter', "SET k ?"),
        (sanitizing.redis, 'SET k "cut\nhunter\\', "SET k ?"),
        (sanitizing.redis, '"AUTH" hunter', '"AUTH" ?'),
        (sanitizing.redis, "SET user:123 john smith", "SET user:123 ?"),
        (sanitizing.redis, "AUTH secret\nGET k", "AUTH ?\nGET k"),
        (sanitizing.memcached, "set mykey 0 60 5\r\nsecret\r\n", "set mykey 0 60 5"),
        (sanitizing.json_query, '{"find":"users","filter":{"name":["john",1]}}', '{"find":"?","filter":{"name":["?","?"]}}'),
        (sanitizing.json_query, '{"broken": "secret', "?"),
        (sanitizing.json_query, "a line", "a line"),
    ],
)  # fmt: skip
def test_queries_lose_their_values(clean: Any, query: str, left: str) -> None:
    """And keep their shape."""
    assert clean(query) == left


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"blocked_values": ["("]}, "error compiling regex"),
        ({"hash_function": "hmac-sha256", "hmac_key": "short"}, "at least 32"),
        ({"hash_function": "hmac-sha512"}, "at least 64"),
        ({"summary": "loud"}, "debug"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=problem):
        FACTORY.config.model_validate(options)
