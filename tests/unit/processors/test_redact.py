"""`redact`: what must not be read is hidden wherever it stands; everything else stays as it was sent."""

from __future__ import annotations

import hmac
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from collector.batch import PAYLOADS, LogBatch, ValueKind
from collector.component import Context, Kind
from collector.encryption.key_ring import KeyRing
from collector.encryption.key_store import FILE
from collector.encryption.master_key import LocalMasterKey, new_master_key
from collector.errors import LogboomError
from collector.privacy.classes import scanner
from collector.registry import default_registry
from collector.testing.contract import misfits
from collector.testing.row_batch import Nested, Row, batch_of
from collector.testing.work import FakeWork
from counterparts import otlp_requests
from counterparts.examples import examples
from counterparts.labelled import read
from otlp_wire import any_from_python, any_to_python, decode_payloads, encode
from processors.redact import FACTORY
from processors.redact.config import RedactConfig
from processors.redact.processor import Redact

KEY = "0123456789abcdef"
ALL = ["email", "card", "iban", "national_id", "phone", "ip", "token", "secret"]
CARD = 4111111111111111
TEXTS = [value.text for value in read(Path(__file__).parents[2] / "corpus" / "personal" / "labelled.jsonl")]


def redacted(batch: LogBatch, context: Context | None = None, **options: object) -> LogBatch:
    made = Redact(RedactConfig.model_validate(options), context or Context("redact", Path()))
    return made.process(batch, FakeWork())


def nested(value: object) -> Nested:
    return Nested(any_from_python(value))


def shown(batch: LogBatch, table: str = "", row: int = 0) -> dict[str, object]:
    """The attributes of a record, or of a resource or scope."""
    columns = ("owner", "key", "kind", "string", "bool", "int", "double", "bytes", "any")
    found = {}
    for at, key, kind, *values in (getattr(batch, table) if table else batch.all_attributes()).select(columns).rows():
        if at == row:
            value = next((value for value in values if value is not None), None)
            found[key] = any_to_python(value) if kind == ValueKind.ANY else value
    return found


def of(*attributes: tuple[str, object], **fields: object) -> LogBatch:
    return batch_of([Row("1", attributes, fields=fields)])


def test_it_keeps_the_contract() -> None:
    assert misfits(FACTORY) == []


@pytest.mark.parametrize("field", ["body", "event_name", "severity_text"])
def test_texts_of_a_record(field: str) -> None:
    batch = redacted(of(**{field: "mail to ann@example.com"}))
    assert batch.column(field).to_list() == ["mail to ****"]


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("to ann@example.com", "to ****"),
        (CARD, "****"),
        (float(CARD), "****"),
        (b"to ann@example.com", "to ****"),
        (nested({"to": ["ann@example.com", 1], "n": CARD}), {"to": ["****", 1], "n": "****"}),
        (nested({"ann@example.com": 3}), {"****": 3}),
        (nested({"a": {"b": {"password": "x7-long", "c": None}}}), {"a": {"b": {"password": "****", "c": None}}}),
        (nested({"password_confirmation": "x7-long"}), {"password_confirmation": "****"}),
        (nested({"password": None, "token": ""}), {"password": None, "token": ""}),
        (nested({"x": "y" * 200 + " ann@example.com"}), {"x": "y" * 200 + " ****"}),
        (nested([["4111 1111 1111 1111"]]), [["****"]]),
        (nested({"text": '{"password":"hunter2"}'}), {"text": '{"password":"****"}'}),
    ],
    ids=[
        "text",
        "number",
        "double",
        "bytes",
        "map",
        "key of a map",
        "secret by its key",
        "secret by a longer key",
        "no secret",
        "long",
        "array",
        "JSON in a map",
    ],
)
@pytest.mark.parametrize("level", ["record", "resource", "scope"])
def test_values_of_each_kind_at_each_level(value: object, left: object, level: str) -> None:
    attributes = [("a", 1), ("x", value), ("z", "stays")]
    row = {
        "record": Row("1", attributes),
        "resource": Row("1", resource=attributes),
        "scope": Row("1", scope=("s", "", attributes)),
    }[level]
    table = {"record": "", "resource": "resource_attributes", "scope": "scope_attributes"}[level]
    assert shown(redacted(batch_of([row])), table) == {"a": 1, "x": left, "z": "stays"}


def test_a_body_that_is_a_map() -> None:
    body = any_from_python({"user": {"email": "ann@example.com"}, "password": "hunter2", "n": 1})
    batch = redacted(of(body=None, body_any=body))
    (left,) = batch.column("body_any").to_list()
    assert any_to_python(left) == {"user": {"email": "****"}, "password": "****", "n": 1}


def test_names_of_attributes_and_what_processors_set() -> None:
    batch = of(("ann@example.com", 1)).with_attributes({
        "logboom.endpoint": pl.Series(["/users/ann@example.com"]), "card": pl.Series([CARD]), "logboom.pattern.id": pl.Series([str(CARD)]),
    })  # fmt: skip
    assert shown(redacted(batch)) == {
        "****": 1,
        "logboom.endpoint": "/users/****",
        "card": "****",
        "logboom.pattern.id": str(CARD),
    }


def test_names_of_scopes() -> None:
    batch = redacted(batch_of([Row("1", scope=("ann@example.com", "", ()))]))
    assert batch.scopes.get_column("name").to_list() == ["****"]


def test_ids_are_never_hidden() -> None:
    attributes = [("trace_id", str(CARD)), ("dd.trace_id", CARD), ("log.record.uid", str(CARD)), ("span.id", CARD)]
    batch = of(*attributes, trace_id=b"\x01" * 16, span_id=b"\x02" * 8)
    assert redacted(batch, classes=ALL) is batch


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db.password",
        "api_key",
        "apiKey",
        "http.request.header.authorization",
        "client_secret",
        "set-cookie",
    ],
)
def test_attributes_whose_names_say_that_they_are_secret(key: str) -> None:
    assert shown(redacted(of((key, "x7"), (f"{key}.length", 2)))) == {key: "****", f"{key}.length": 2}


@pytest.mark.parametrize("value", [True, None, "", "****", "[REDACTED]", "${SECRET}"])
def test_what_stands_for_a_secret_stays(value: object) -> None:
    batch = of(("password", value))
    assert redacted(batch) is batch


def test_numbers_under_names_that_say_what_they_are() -> None:
    batch = of(
        ("phone", "415-555-2671"),
        ("user.ssn", 536904399),
        ("n", "415-555-2671"),
        ("m", nested({"bsn": "111222333", "n": "111222333"})),
    )
    assert shown(redacted(batch, classes=ALL)) == {
        "phone": "****", "user.ssn": "****", "n": "415-555-2671", "m": {"bsn": "****", "n": "111222333"},
    }  # fmt: skip


def test_what_stands_in_a_name_that_tells_changes_no_value() -> None:
    batch = of(("ann@example.com.phone", 42))
    assert shown(redacted(batch, classes=ALL)) == {"****": 42}


def test_named_attributes_are_hidden_whole_at_any_depth() -> None:
    batch = of(("user.name", "Ann"), ("m", nested({"user": {"name": "Ann"}, "n": 1})), ("user.age", 40))
    left = redacted(batch, attributes=["user.name", "user.age"])
    assert shown(left) == {"user.name": "****", "m": {"user": {"name": "****"}, "n": 1}, "user.age": "****"}


def test_what_is_allowed_and_what_is_not_looked_at() -> None:
    batch = of(
        ("a", "ann@corp.example"),
        ("b", "ben@example.com"),
        ("raw", "ben@example.com"),
        body="ann@corp.example ben@example.com",
    )
    left = redacted(batch, allow=["*@corp.example"], ignored_keys=["raw"])
    assert shown(left) == {"a": "ann@corp.example", "b": "****", "raw": "ben@example.com"}
    assert left.column("body").to_list() == ["ann@corp.example ****"]


class TestActions:
    """What stands there."""

    def test_a_hash_by_a_key(self) -> None:
        digest = hmac.digest(KEY.encode(), b"ann@example.com", "sha256").hex()[:32]
        left = redacted(of(("a", "by ann@example.com")), action="hash", hash_key=KEY)
        assert shown(left) == {"a": f"by hmac:{digest}"}

    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("card 4111 1111 1111 1111", "card ****1111"),
            ("iban DE89370400440532013000", "iban ****3000"),
            ("to ann@example.com", "to ****@example.com"),
            ("from 203.0.113.7", "from 203.0.113.0"),
            ("from 2001:db8:1:2::5", "from 2001:db8:1::"),
            ("ssn 536-90-4399", "ssn ****"),
        ],
    )
    def test_truncated(self, text: str, left: str) -> None:
        assert redacted(of(body=text), classes=ALL, action="truncate").column("body").to_list() == [left]

    def test_of_an_address_the_network_remains(self) -> None:
        assert redacted(of(body="203.0.113.7"), classes=["ip"]).column("body").to_list() == ["203.0.113.0"]

    def test_dropped(self) -> None:
        batch = of(
            ("a", "ann@example.com"),
            ("m", nested({"to": "ann@example.com", "n": 1, "password": "x7"})),
            ("z", 1),
            body="by ann@example.com",
        )
        left = redacted(batch, action="drop")
        assert shown(left) == {"m": {"n": 1}, "z": 1}
        assert left.column("body").to_list() == ["by ****"]

    def test_each_class_its_own(self) -> None:
        batch = of(("a", "ann@example.com"), ("b", str(CARD)), ("name", "Ann"), ("password", "x7"))
        left = redacted(batch, actions={"email": "truncate", "card": "drop", "attributes": "drop"}, attributes=["name"])
        assert shown(left) == {"a": "****@example.com", "password": "****"}

    def test_with_keys_of_the_domain(self, tmp_path: Path) -> None:
        ring = KeyRing(tmp_path / FILE, lambda: LocalMasterKey(lambda: [MASTER]))
        ring.check()
        rows = [
            Row(str(at), [("user.email", "ann@example.com")], fields={"domain": name})
            for at, name in enumerate(["a.example", "b.example"])
        ]
        context = Context("redact", tmp_path, keys=ring)
        hashed = redacted(batch_of(rows), context, action="hash")
        first, second = (shown(hashed, row=row)["user.email"] for row in (0, 1))
        assert first == f"hmac:{ring.pseudonym('a.example', 'ann@example.com')}"
        assert first != second
        sealed = redacted(batch_of(rows), context, action="encrypt")
        assert ring.open_text("b.example", "user.email", str(shown(sealed, row=1)["user.email"])) == "ann@example.com"
        for made in (hashed, sealed):
            assert made is redacted(made, context, action="encrypt")

    @pytest.mark.parametrize("action", ["hash", "encrypt"])
    def test_without_keys_it_does_not_start(self, action: str) -> None:
        with pytest.raises(LogboomError, match=r"service\.encryption"):
            redacted(of(body="x"), action=action)

    def test_a_short_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="at least 16 bytes"):
            RedactConfig.model_validate({"action": "hash", "hash_key": "short"})


MASTER = new_master_key()


@settings(max_examples=examples(60))
@given(otlp_requests.requests)
def test_any_batch_comes_out_whole_and_what_has_no_hits_is_untouched(request: object) -> None:
    batch = decode_payloads([request.SerializeToString()])
    left = redacted(batch, classes=ALL)
    assert len(left) == len(batch)
    assert left.records.drop("body", "body_any", "severity_text", "event_name").equals(
        batch.records.drop("body", "body_any", "severity_text", "event_name")
    )
    once = redacted(left, classes=ALL)
    assert encode(once) == encode(left)


@settings(max_examples=examples(80))
@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6), st.sampled_from(["body", "attribute", "map", "resource"])
)
def test_nothing_that_is_found_stays_anywhere(texts: list[str], place: str) -> None:
    rows = [
        Row(str(at), [("x", text)] if place == "attribute" else [("x", nested({"y": [text]}))] if place == "map" else (),
            resource=[("x", text)] if place == "resource" else (), fields={"body": text if place == "body" else "b"})
        for at, text in enumerate(texts)
    ]  # fmt: skip
    left = redacted(batch_of(rows), classes=ALL, actions={"ip": "hash"}, hash_key=KEY)
    found = {
        "body": lambda: left.column("body").to_list(),
        "attribute": lambda: left.attributes.get_column("string").to_list(),
        "map": lambda: [any_to_python(value)["y"][0] for value in left.attributes.get_column("any")],
        "resource": lambda: left.resource_attributes.get_column("string").to_list(),
    }[place]()
    assert [text for text in found if scanner().finds(text)] == []


BEHIND = ("categorize", "triage", "patterns", "anomalies", "issues", "aggregate")


@pytest.mark.parametrize(
    ("chain", "told"), [(("redact", *BEHIND), False), (BEHIND, True)], ids=["behind it", "without it"]
)
def test_nothing_behind_it_keeps_or_tells_what_it_hid(chain: tuple[str, ...], told: bool) -> None:
    """Derived values, state and events are made of what is left."""
    secret = "ann.hidden@example.com"
    stack = f"java.lang.IllegalStateException: no account {secret}\n\tat com.example.Accounts.of(Accounts.java:42)"
    attributes = [("exception.type", "java.lang.IllegalStateException"), ("exception.message", f"no account {secret}"), ("exception.stacktrace", stack),
                  ("url.path", f"/users/{secret}"), ("user.email", secret), ("http.route", f"/users/{secret}")]  # fmt: skip
    rows = [
        Row(str(at), attributes, fields={"body": f"no account {secret}, try {at}", "severity_number": 17})
        for at in range(50)
    ]
    registry, work = default_registry(), FakeWork()
    received = pl.DataFrame(
        {
            "domain": ["tamyla.com"],
            "receiver": ["otlp"],
            "journal": ["0"],
            "offset": [1],
            "received_unix_ms": [1_700_000_000_000],
        },
        PAYLOADS,
    )
    batch = replace(batch_of(rows), payloads=received)
    for name in chain:
        factory = registry.find(Kind.PROCESSOR, name)
        assert factory is not None
        batch = factory.create(factory.config(), Context(name, Path())).process(batch, work)
    assert work.emitted
    tables = [
        table
        for one in (batch, *(each.records for each in work.emitted))
        for table in (one.records, one.attributes, one.derived)
    ]
    kept = [value for state in work.states.values() for value in state.values.values()]
    assert any("ann.hidden" in str(table.rows()) for table in tables) is told
    assert any(b"ann.hidden" in value for value in kept) is told
