"""`redact`: what is named or matched never leaves, at whatever level and depth; the rest stays as it is."""

from __future__ import annotations

import hmac

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from pydantic import ValidationError

from collector.batch import ValueKind
from collector.shaping.config import RedactConfig
from collector.shaping.redaction import Redaction
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts import otlp_requests
from otlp_wire import any_from_python, any_to_python, decode_payloads, encode

KEY = "0123456789abcdef"
ACTIONS = ("mask", "hash", "drop")


def redacted(batch, **options):
    return Redaction(RedactConfig.model_validate({"hash_key": KEY, **options})).apply(batch)


def digest(text):
    return hmac.new(KEY.encode(), text.encode(), "sha256").hexdigest()[:32]


def nested(value):
    return Nested(any_from_python(value))


def shown(batch, row=0):
    """The attributes of a record, in order."""
    found = []
    for at, key, kind, *values in (
        batch.all_attributes().select("owner", "key", "kind", "string", "bool", "int", "double", "bytes", "any").rows()
    ):
        if at == row:
            value = next((value for value in values if value is not None), None)
            found.append((key, any_to_python(value) if kind == ValueKind.ANY else value))
    return found


VALUES = [
    ("string", "s3cret"),
    ("bool", True),
    ("int", -7),
    ("double", 1e20),
    ("bytes", b"\x00\xff"),
    ("empty", None),
    ("list", nested(["s3cret", 1])),
]


@pytest.mark.parametrize("value", [value for _, value in VALUES], ids=[name for name, _ in VALUES])
def test_a_named_attribute_of_any_kind(value):
    """Masked or hashed it becomes a string; dropped it is gone; its neighbours stay."""
    batch = batch_of([Row("1", [("a", 1), ("secret", value), ("z", "s3cret")])])
    assert shown(redacted(batch, attributes=["secret"])) == [("a", 1), ("secret", "****"), ("z", "s3cret")]
    assert shown(redacted(batch, attributes=["secret"], action="drop")) == [("a", 1), ("z", "s3cret")]
    [_, (_, hashed), _] = shown(redacted(batch, attributes=["secret"], action="hash"))
    assert len(hashed) == 32
    assert set(hashed) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("value", "text"),
    [("käse", "käse"), (True, "true"), (42, "42"), (0.5, "0.5"), (1e20, "1e+20"), (b"\x00\xff", "00ff"), (None, "")],
)
def test_a_hash_is_the_same_wherever_the_value_stands(value, text):
    """Records can still be joined by it: HMAC-SHA256 of the value as text, in attributes of every level and in maps."""
    batch = batch_of([Row("1", [("k", value), ("m", nested({"k": value}))], [("k", value)], ("", "", [("k", value)]))])
    batch = redacted(batch, attributes=["k"], action="hash")
    assert shown(batch) == [("k", digest(text)), ("m", {"k": digest(text)})]
    assert batch.resource_attribute("k").to_list() == batch.scope_attribute("k").to_list() == [digest(text)]
    other = Redaction(RedactConfig(attributes=["k"], action="hash", hash_key="another key, 16 bytes")).apply(batch)
    assert shown(other)[0] != shown(batch)[0]


def test_derived_columns():
    """Attributes that processors added; what is absent stays absent."""
    batch = batch_of([Row("1"), Row("2")]).with_attributes(
        {"user": pl.Series(["x", None]), "n": pl.Series([None, 7]), "text": pl.Series(["card 1234", None])}
    )
    options = {"attributes": ["user", "n"], "patterns": [r"\d{4}"]}
    masked = redacted(batch, **options)
    assert [shown(masked, row) for row in (0, 1)] == [[("user", "****"), ("text", "card ****")], [("n", "****")]]
    hashed = redacted(batch, **options, action="hash")
    assert [shown(hashed, row) for row in (0, 1)] == [
        [("user", digest("x")), ("text", "card ****")],
        [("n", digest("7"))],
    ]
    dropped = redacted(batch, **options, action="drop")
    assert [shown(dropped, row) for row in (0, 1)] == [[("text", "card ****")], []]


@pytest.mark.parametrize(
    ("names", "hidden"),
    [
        (["password"], {"password", "Password", "PASSWORD"}),
        (["*pass*"], {"password", "Password", "PASSWORD", "db.passphrase", "x\npass"}),
        (["db.*"], {"db.passphrase", "db."}),
        (["db*phrase"], {"db.passphrase"}),
        (["d..passphrase", "pass|db", "^password$", "db"], set()),
    ],
)
def test_names(names, hidden):
    """Whole names, without case; `*` is the only character with a meaning."""
    keys = ["password", "Password", "PASSWORD", "db.passphrase", "db.", "x\npass", "other"]
    batch = redacted(batch_of([Row("1", [(key, "v") for key in keys])]), attributes=names)
    assert {key for key, value in shown(batch) if value == "****"} == hidden


def test_inside_maps_by_key_and_by_path():
    """At any depth, through arrays, in attributes and bodies; a dotted name also meets a key behind those above it."""
    value = {"token": 1, "user": {"email": "a@b", "name": "n"}, "list": [{"Token": {"deep": [1]}}, "token"]}
    batch = batch_of(
        [
            Row(
                "1",
                [("a", nested(value))],
                [("a", nested(value))],
                fields={"body": None, "body_any": nested(value).any_value},
            )
        ]
    )
    hidden = {"token": "****", "user": {"email": "****", "name": "n"}, "list": [{"Token": "****"}, "token"]}
    for names, body in (
        (["token", "user.email"], hidden),
        (["token", "a.user.email"], hidden | {"user": value["user"]}),
    ):
        result = redacted(batch, attributes=names)
        assert shown(result) == [("a", hidden)]
        assert any_to_python(result.resource_attributes["any"][0]) == hidden
        assert any_to_python(result.column("body_any")[0]) == body
    dropped = redacted(batch, attributes=["token", "user"], action="drop")
    assert shown(dropped) == [("a", {"list": [{}, "token"]})]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("token", "TOKEN"),
        ("tok*", "Tokens"),
        ("a.*", "b"),
        ("a.tok*n", "token"),
        ("k", "\u212a"),
        ("\u017f", "S"),
        ("passwört", "passwo\u0308rt"),
        ("PASSWO\u0308RT", "passwört"),
        ("z.a*key", "key"),
        ("a*key", "key"),
        ("z*.longer*key", "longer.key"),
    ],
)
def test_a_value_is_looked_into_whenever_it_may_hold_a_name(name, key):
    """The quick look at the bytes misses nothing: wildcards, paths, letters that fold to others."""
    result = redacted(batch_of([Row("1", [("z", nested({"a": {key: "v"}}))])]), attributes=[name])
    assert shown(result) == [("z", {"a": {key: "****"}})]


def test_the_attribute_may_hold_the_longer_part_of_a_name():
    """`request.header*cookie` meets `cookie` within `request.header`, though no byte of the value says `header`."""
    batch = batch_of([Row("1", [("request.header", nested({"cookie": "v", "host": "h"}))])])
    result = redacted(batch, attributes=["request.header*cookie"])
    assert shown(result) == [("request.header", {"cookie": "****", "host": "h"})]


_short = st.text("ab.", max_size=3)


@given(st.text("ab.*", min_size=1, max_size=5), _short, _short, _short)
def test_the_quick_look_never_decides(name, attribute, outer, inner):
    """Whatever the name says: what is hidden is the same as when every value is parsed, as for patterns."""
    batch = batch_of([Row("1", [(attribute, nested({outer: {inner: "v"}}))])])
    parsed = redacted(batch, attributes=[name], patterns=["never there"])
    assert shown(redacted(batch, attributes=[name])) == shown(parsed)


def test_patterns_in_texts():
    """Bodies, strings of every level, strings inside values; the first pattern that matches at a place counts."""
    text = "card 4111111111111111, mail a@b.de, Grüße"
    batch = batch_of(
        [
            Row(
                "1",
                [("t", text), ("n", 4111111111111111), ("m", nested({"k": [text]}))],
                [("t", text)],
                ("", "", [("t", text)]),
                {"body": text},
            ),
            Row("2", fields={"body": None, "body_any": nested([text]).any_value}),
        ]
    )
    result = redacted(batch, patterns=[r"\b\d{13,19}\b", r"(?i)[\w.]+@[A-Z.]+"])
    clean = "card ****, mail ****, Grüße"
    assert result.column("body").to_list() == [clean, None]
    assert any_to_python(result.column("body_any")[1]) == [clean]
    assert shown(result) == [("t", clean), ("n", 4111111111111111), ("m", {"k": [clean]})]
    assert result.resource_attribute("t")[0] == result.scope_attribute("t")[0] == clean


def test_a_hash_is_of_the_value_and_is_not_masked_again():
    """Names come before patterns."""
    batch = batch_of([Row("1", [("k", "12345")])]).with_attributes({"d": pl.Series(["12345"])})
    result = redacted(batch, attributes=["k", "d"], action="hash", patterns=[r"\d+", "[a-f]+"])
    assert shown(result) == [("k", digest("12345")), ("d", digest("12345"))]


def test_every_one_of_a_repeated_key():
    """Of a record and inside a map, where Python's dict would see only one of them."""
    pair = b"\n\x01k\x12\x06\n\x04%b"
    kvlist = b"".join(b"\n" + bytes([len(one)]) + one for one in (pair % b"one1", pair % b"two2"))
    value = Nested(b"2" + bytes([len(kvlist)]) + kvlist)
    assert b"one1" in value.any_value
    assert any_to_python(value.any_value) == {"k": "one1"}
    batch = batch_of([Row("1", [("k", "one1"), ("k", "two2"), ("m", value)])])
    for action in ACTIONS:
        wire = encode(redacted(batch, attributes=["k"], action=action))
        assert b"one1" not in wire
        assert b"two2" not in wire


def test_what_cannot_be_read_is_hidden_whole():
    """Bytes that are no value could hold anything; so could fields that OTLP does not know."""
    broken, unknown = b"\xff\xffs3cret", nested(["x"]).any_value + b"\xba\x3e\x06s3cret"
    batch = batch_of([Row("1", [("a", Nested(broken)), ("b", Nested(unknown))])])
    for action in ACTIONS:
        result = redacted(batch, attributes=["s*"], action=action)
        assert not any(b"s3cret" in value for value in result.attributes["any"])
        assert shown(result)[1] == ("b", ["x"])


SECRET = "s3cret"


@st.composite
def requests_with_a_secret(draw):
    """Any request, with a secret under the key `secret` put into some of its attributes, maps and bodies."""
    planted = st.sampled_from(
        [
            ("secret", {"string_value": SECRET}),
            ("secret", {"bytes_value": SECRET.encode()}),
            ("Secret", {"array_value": {"values": [{"string_value": SECRET}]}}),
            (
                "m",
                {
                    "kvlist_value": {
                        "values": [
                            {"key": "a.secret", "value": {"string_value": "x"}},
                            {"key": "secret", "value": {"string_value": SECRET}},
                        ]
                    }
                },
            ),
            (
                "l",
                {
                    "array_value": {
                        "values": [
                            {"kvlist_value": {"values": [{"key": "secret", "value": {"string_value": SECRET}}] * 2}}
                        ]
                    }
                },
            ),
            ("free", {"string_value": f"it is {SECRET}!"}),
            ("deep", {"array_value": {"values": [{"string_value": SECRET}]}}),
        ]
    )
    request = draw(otlp_requests.requests)
    logs = request.resource_logs.add()
    scope = logs.scope_logs.add()
    for attributes in (logs.resource.attributes, scope.scope.attributes, scope.log_records.add().attributes):
        for key, value in draw(st.lists(planted, max_size=4)):
            attributes.add(key=key, value=value)
    key, value = draw(planted)
    body = (
        {"kvlist_value": {"values": [{"key": key, "value": value}]}}
        if draw(st.booleans())
        else {"string_value": f"a {SECRET}"}
    )
    scope.log_records.add(body=body)
    return request


@pytest.mark.slow
@given(requests_with_a_secret(), st.sampled_from(ACTIONS))
def test_no_secret_leaves_whatever_the_request(request_, action):
    """Names and a pattern together: the bytes are nowhere in what is sent, and no record is lost."""
    batch = decode_payloads([request_.SerializeToString()])
    result = redacted(batch, attributes=["secret"], action=action, patterns=[SECRET])
    assert len(result) == len(batch)
    assert SECRET.encode() not in encode(result)


@pytest.mark.slow
@given(otlp_requests.requests)
def test_what_is_not_named_stays_as_it_is(request_):
    """The request that leaves is the one that came."""
    batch = decode_payloads([request_.SerializeToString()])
    wire = encode(redacted(batch, attributes=["not there"], patterns=["not there either"]))
    assert ExportLogsServiceRequest.FromString(wire) == ExportLogsServiceRequest.FromString(encode(batch))


@pytest.mark.parametrize("pattern", ["x*", r"\b", "^", r"\d*\b"])
def test_a_pattern_that_matches_nothing_at_all_is_a_mistake(pattern):
    """It would put masks between letters, and hide none."""
    with pytest.raises(ValidationError, match="matches the empty text"):
        RedactConfig(patterns=[pattern])
