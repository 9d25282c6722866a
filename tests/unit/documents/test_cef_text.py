"""CEF: a strict reader gets back what was put in, whatever stands in the fields, and each record is one event."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import RECORDS, LogBatch
from collector.documents.cef import Device, cef_severity, cef_text
from collector.documents.cef.dictionary import CONSUMER_KEYS, DICTIONARY, Type
from collector.documents.cef.mapping import CLASS, LABELS, NAME, OWN_KEYS, forms
from collector.documents.facts.names import FACTS
from collector.samples import batch_of as sampled
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.cef_reader import CefEvent, NotCef, read_cef
from counterparts.examples import examples
from otlp_wire import any_from_python

ODD = st.sampled_from(
    [*'|=\\\n\r\t \x00\x1b\x7f\x85\u2028\xa0\u3000"{', "😀", "e\u0301", " msg=", "\nCEF:0|a|b|c|d|e|9|"]
)
TEXT = st.lists(st.one_of(ODD, st.characters(exclude_categories=["Cs"])), max_size=30).map("".join)
NAMES = sorted({name for names in FACTS.values() for name in names})
TEXT_KEYS = {
    "logboom.triage.action": "act",
    "url.full": "request",
    "service.name": "sourceServiceName",
    "host.name": "dvchost",
    "logboom.component": "cs2",
}
LONGEST = {"act": 63, "request": 1023, "sourceServiceName": 1023, "dvchost": 100, "msg": 1023, "cs2": 4000}


def kept(text: str, longest: int) -> str | None:
    """What a value is cut to: controls are spaces (LF and CR stay), none around, so many characters."""
    plain = re.sub("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]", " ", text)
    return plain.strip()[:longest].rstrip() or None


def kept_in_header(text: str, longest: int) -> str | None:
    """The same for the header, where line ends are spaces too, and runs of controls one space."""
    return kept(re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text), longest)


def event_of(row: Row, **options: Any) -> CefEvent:
    """The event of one record."""
    (line,) = cef_text(batch_of([row]), **options)
    return read_cef(line)


def extension_of(*attributes: tuple[str, Any], **options: Any) -> dict[str, str]:
    """The extension of a record with these attributes."""
    return event_of(Row("id", attributes), **options).extension


@pytest.mark.slow
@given(st.fixed_dictionaries(dict.fromkeys(TEXT_KEYS, TEXT)), TEXT, TEXT)
@settings(max_examples=examples(80))
def test_a_strict_reader_gets_every_value_back(values: dict[str, str], body: str, event_name: str) -> None:
    """All fields hold arbitrary text; keys, values and the number of events come out as they went in."""
    event = event_of(Row("id", list(values.items()), fields={"body": body, "event_name": event_name}))
    wanted = {key: kept(values[name], LONGEST[key]) for name, key in TEXT_KEYS.items()}
    assert {key: event.extension.get(key) for key in wanted} == wanted
    assert event.extension.get("msg") == kept(body, 1023)
    assert event.name == (kept_in_header(event_name, 512) or "log record")
    assert set(event.extension) <= set(DICTIONARY)


@pytest.mark.slow
@given(
    st.lists(
        st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXT), st.one_of(TEXT, st.integers(-9, 99999))), max_size=5
    )
)
@settings(max_examples=examples(60))
def test_whatever_the_attributes_each_record_is_one_event_of_typed_keys(records: list[dict[str, Any]]) -> None:
    """Arbitrary keys and values, derived ones included, with keys of their own."""
    rows = [
        Row(str(at), list(attributes.items()), resource=list(attributes.items()), fields={"body": repr(attributes)})
        for at, attributes in enumerate(records)
    ]
    batch = batch_of(rows)
    lines = cef_text(batch, version=1, extra_attributes=True)
    assert lines.null_count() == 0
    assert [read_cef(line).extension["externalId"] for line in lines] == [row.record_id for row in rows]
    assert len("\n".join(lines).splitlines()) == len(rows)
    for line in lines:
        _check_types(read_cef(line).extension)


def _check_types(extension: dict[str, str]) -> None:
    for key, value in extension.items():
        if key not in DICTIONARY:
            assert re.fullmatch(r"logboom[A-Z0-9][A-Za-z0-9]*", key), key
            continue
        line = DICTIONARY[key]
        assert len(value) <= line.length or not line.length
        match line.type:
            case Type.IPV4:
                assert str(ipaddress.IPv4Address(value)) == value
            case Type.IPV6:
                assert str(ipaddress.IPv6Address(value)) == value
            case Type.INTEGER | Type.LONG | Type.TIMESTAMP:
                assert 0 <= int(value) < 2**63
        if key in ("spt", "dpt"):
            assert int(value) <= 65535
        assert key not in LABELS or extension[f"{key}Label"] == LABELS[key]


FORGERIES = [
    ("a second line", "x\nCEF:0|evil|evil|1|1|forged|10|src=6.6.6.6"),
    ("a second line after CR LF", "x\r\nCEF:0|evil|evil|1|1|forged|10|"),
    ("the next line of Unicode", "x\x85CEF:0|evil|evil|1|1|forged|10|"),
    ("a line separator", "x\u2028CEF:0|evil|evil|1|1|forged|10|"),
    ("fields of the header", "x|10|src=6.6.6.6"),
    ("a pair", "x src=6.6.6.6 act=blocked"),
    ("a pair behind a backslash", "x\\ src=6.6.6.6"),
    ("a backslash at the end", "x\\"),
    ("an escaped equals sign", "x src\\=6.6.6.6"),
    ("a terminal's escape", "x\x1b[2Jcleared"),
    ("a NUL", "x\x00src=6.6.6.6"),
]
PLACES = ["body", "event_name", "url.full", "exception.type", "logboom.triage.rule", "user.name", "domain", "record_id"]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_can_be_forged(place: str) -> None:
    """Text of a sender stays inside its field: no second event, no pair of its own, the header as without it."""
    lines = cef_text(batch_of([_forged(place, text) for _, text in FORGERIES]), extra_attributes=True)
    for (what, _), line in zip(FORGERIES, lines, strict=True):
        event = read_cef(line)
        assert (event.vendor, event.product, event.severity) == ("logboom", "logboom", 3), what
        assert not {"src", "act"} & set(event.extension), what
        assert len(line.splitlines()) == 1, what


def _forged(place: str, text: str) -> Row:
    if place == "record_id":
        return Row(text)
    return Row("id", fields={place: text}) if place in RECORDS else Row("id", [(place, text)])


@pytest.mark.parametrize(
    ("fields", "attributes", "event_class", "name", "category"),
    [
        ({}, [], "log.record", "log record", "/log"),
        ({"severity_number": 17}, [], "log.error", "error", "/error"),
        ({"body": "Nutzer Müller unbekannt"}, [("logboom.source_type", "ui")], "log.record", "ui log record", "/ui/log"),
        ({}, [("logboom.triage.rule", "sql-injection")], "rule:sql-injection", "log record", "/log"),
        (
            {},
            [("logboom.pattern.id", "p1"), ("logboom.triage.rule", "r"), ("logboom.error_type", "error")],
            "pattern:p1",
            "error",
            "/error",
        ),
        (
            {},
            [("exception.type", "java.lang.Error"), ("logboom.error_type", "exception"), ("logboom.source_type", "backend")],
            "exception:java.lang.Error",
            "java.lang.Error",
            "/backend/exception",
        ),
        ({"event_name": "login failed|50%=#1"}, [("exception.type", "E")], "login_failed_50_1", "login failed|50%=#1", "/log"),
        ({"event_name": "logboom.aggregate"}, [("logboom.triage.rule", "r")], "rule:r", "log record", "/log"),
        ({}, [("event.name", "browser.click")], "browser.click", "browser.click", "/log"),
        ({"event_name": " \n "}, [], "log.record", "log record", "/log"),
    ],
)  # fmt: skip
def test_class_name_and_category_come_from_what_the_record_is_not_from_its_words(
    fields: dict[str, Any], attributes: list[tuple[str, Any]], event_class: str, name: str, category: str
) -> None:
    """The table of identities."""
    event = event_of(Row("id", attributes, fields=fields))
    assert (event.event_class, event.name, event.extension["cat"]) == (event_class, name, category)


ADDRESSES = [
    ("203.0.113.9", {"src": "203.0.113.9"}),
    ("2001:DB8::0001", {"c6a2": "2001:db8::1", "c6a2Label": "Source IPv6 Address"}),
    ("[2001:db8::1]:443", {"c6a2": "2001:db8::1", "c6a2Label": "Source IPv6 Address"}),
    ("fe80::1%eth0", {"c6a2": "fe80::1", "c6a2Label": "Source IPv6 Address"}),
    ("::ffff:203.0.113.9", {"src": "203.0.113.9"}),
    ("203.0.113.9:5000", {"src": "203.0.113.9"}),
    ("client.example", {"shost": "client.example"}),
    ("client.example:8080", {"shost": "client.example"}),
    ("203.0.113.256", {"shost": "203.0.113.256"}),
    ("٢٠٣.0.113.9", {"shost": "٢٠٣.0.113.9"}),
    ("a b", {}),
    ("", {}),
]


@pytest.mark.parametrize(("written", "wanted"), ADDRESSES, ids=[repr(written) for written, _ in ADDRESSES])
def test_an_address_goes_to_the_key_of_its_kind(written: str, wanted: dict[str, str]) -> None:
    """`src` is IPv4 alone; IPv6 and names have keys of their own."""
    extension = extension_of(("client.address", written))
    assert {key: extension[key] for key in ("src", "c6a2", "c6a2Label", "shost") if key in extension} == wanted


@pytest.mark.parametrize(
    ("name", "value", "key", "wanted"),
    [
        ("client.port", 0, "spt", "0"),
        ("client.port", "65535", "spt", "65535"),
        ("client.port", 65536, "spt", None),
        ("client.port", -1, "spt", None),
        ("client.port", "http", "spt", None),
        ("http.request.body.size", 2**31 - 1, "in", "2147483647"),
        ("http.request.body.size", 2**31, "in", None),
        ("network.transport", "tcp", "proto", "TCP"),
        ("net.transport", "ip_udp", "proto", "UDP"),
        ("network.transport", "a b", "proto", None),
        ("http.status_code", 399, "outcome", "success"),
        ("http.response.status_code", 400, "outcome", "failure"),
        ("http.response.status_code", "nonsense", "outcome", None),
        ("event.outcome", "Failure", "outcome", "failure"),
        ("http.response.status_code", 204, "cn1", "204"),
        ("process.pid", 42, "dvcpid", "42"),
        ("logboom.aggregate.count", 7, "cnt", "7"),
        ("logboom.aggregate.count", 7, "type", "1"),
        ("enduser.id", "u1", "suid", "u1"),
        ("http.method", "PUT", "requestMethod", "PUT"),
        ("http.user_agent", "curl/8", "requestClientApplication", "curl/8"),
    ],
)
def test_values_have_the_type_of_their_key_or_stay_away(name: str, value: Any, key: str, wanted: str | None) -> None:
    """Older names of attributes included."""
    assert extension_of((name, value)).get(key) == wanted


def test_the_first_of_several_names_wins_and_an_unfit_value_lets_the_next_one_in() -> None:
    """Current names before older ones, the record before its resource, what fits before what does not."""
    assert extension_of(("http.method", "OLD"), ("http.request.method", "NEW"))["requestMethod"] == "NEW"
    assert extension_of(("net.peer.port", 1), ("client.port", "none"))["spt"] == "1"
    assert extension_of(("user.id", "first"), ("user.id", "second"))["suid"] == "first"
    own = Row("id", [("service.name", "own")], resource=[("service.name", "resource")])
    shared = Row("id", [], resource=[("service.name", "resource")])
    assert event_of(own).extension["sourceServiceName"] == "own"
    assert event_of(shared).extension["sourceServiceName"] == "resource"


ENDS = [
    ("a server's peer", {"network.peer.address": "10.0.0.1", "network.peer.port": 9}, {"src": "10.0.0.1", "spt": "9"}),
    (
        "what a client says of the server it called",
        {"server.address": "db.example", "network.peer.address": "10.0.0.2", "network.peer.port": 5432},
        {"dst": "10.0.0.2", "dpt": "5432", "dhost": "db.example"},
    ),
    (
        "an outgoing request",
        {"url.full": "https://api.example/", "network.peer.address": "10.0.0.2", "network.local.address": "10.0.0.7"},
        {"src": "10.0.0.7", "dst": "10.0.0.2"},
    ),
    (
        "a request that a server took, behind its proxy",
        {"url.path": "/", "server.address": "shop.example", "network.peer.address": "10.0.0.2", "network.local.address": "::7"},
        {"src": "10.0.0.2", "c6a3": "::7", "dhost": "shop.example"},
    ),
    ("the client before the proxy", {"client.address": "2001:db8::1", "network.peer.address": "10.0.0.2"}, {"c6a2": "2001:db8::1"}),
    ("the proxy beside a client without address", {"client.address": "pc.example", "network.peer.address": "10.0.0.2"},
     {"src": "10.0.0.2", "shost": "pc.example"}),
    ("a span's kind decides", {"span.kind": "SPAN_KIND_CLIENT", "net.peer.ip": "10.0.0.2"}, {"dst": "10.0.0.2"}),
    ("both ways", {"span.kind": "server", "db.system": "redis", "net.peer.ip": "10.0.0.2"}, {"src": "10.0.0.2"}),
    ("conventions of before", {"http.url": "http://x/", "net.peer.name": "x", "net.peer.port": 80}, {"dhost": "x", "dpt": "80"}),
]  # fmt: skip


@pytest.mark.parametrize("attributes, wanted", [case[1:] for case in ENDS], ids=[case[0] for case in ENDS])  # noqa: PT006
def test_the_peer_is_the_source_of_a_call_that_came_and_the_destination_of_one_that_went(
    attributes: dict[str, Any], wanted: dict[str, str]
) -> None:
    """By what else the record says; an end has one address."""
    extension = extension_of(*attributes.items())
    keys = ("src", "spt", "c6a2", "shost", "dst", "dpt", "c6a3", "dhost")
    assert {key: extension[key] for key in keys if key in extension} == wanted
    column = {key: [value] for key, value in attributes.items()}
    (line,) = cef_text(LogBatch.of({"body": ["b"]}, column))
    assert {key: value for key, value in read_cef(line).extension.items() if key in keys} == wanted


MACHINES = [
    (
        ["::1", "127.0.0.1", "fe80::1", "169.254.0.1", "10.0.0.5", "2001:db8::5"],
        {"dvc": "10.0.0.5", "c6a1": "2001:db8::5"},
    ),
    (["fe80::1%eth0", "10.0.0.5", "10.0.0.6"], {"dvc": "10.0.0.5", "c6a1": "fe80::1"}),
    (["127.0.0.1", "nonsense", 7], {}),
    ("10.0.0.5", {"dvc": "10.0.0.5"}),
    ("2001:DB8::5", {"c6a1": "2001:db8::5"}),
]


@pytest.mark.parametrize(("addresses", "wanted"), MACHINES)
def test_the_addresses_of_a_machine(addresses: list[Any] | str, wanted: dict[str, str]) -> None:
    """`host.ip` is an array in the conventions: one IPv4 and one IPv6 address of it, those that others can reach."""
    value = addresses if isinstance(addresses, str) else Nested(any_from_python(addresses))
    extension = event_of(Row("id", resource=[("host.ip", value)])).extension
    assert {key: extension[key] for key in ("dvc", "c6a1") if key in extension} == wanted


def test_arrays_and_bytes_are_not_lost() -> None:
    """They stand under their key as JSON and base64."""
    extension = extension_of(("user.role", Nested(any_from_python(["admin", "dev"]))), ("user.id", b"\xff\x00"))
    assert (extension["spriv"], extension["suid"]) == ('["admin","dev"]', "/wA=")


def test_a_query_stands_behind_its_path() -> None:
    """Attacks stand there; a whole URL has it already."""
    parts = [("url.path", "/a"), ("url.query", "id=1 or 1=1")]
    assert extension_of(*parts)["request"] == "/a?id=1 or 1=1"
    assert extension_of(*parts, ("url.full", "http://h/a"))["request"] == "http://h/a"
    assert extension_of(parts[0], ("url.query", ""))["request"] == "/a"


def test_what_triage_said_and_what_the_exception_said() -> None:
    """The level as a word, and the exception's message beside the body; once, whatever else is called so."""
    attributes = [
        *(("logboom.triage.level", "critical"), ("exception.message", "no such user"), ("Exception_Message", "x")),
        ("logboom.component", "Cart"),
        *(("logboom.endpoint", "/cart"), ("logboom.triage.rule", "r"), ("deployment.environment.name", "production")),
    ]
    event = event_of(Row("id", attributes, fields={"body": "request failed"}), extra_attributes=True)
    assert event.severity == 9
    own = {key: event.extension[key] for key in (*OWN_KEYS, "msg", "externalId")}
    assert list(own.values()) == ["critical", "no such user", "request failed", "id"]
    labels = ("component", "endpoint", "triageRule", "environment")
    assert [event.labelled(label) for label in labels] == ["Cart", "/cart", "r", "production"]


def test_no_tenant_is_no_domain() -> None:
    """`default` is what records of senders without one have."""
    assert "deviceDnsDomain" not in event_of(Row("id", fields={"domain": "default"})).extension
    assert event_of(Row("id", fields={"domain": "a.example"})).extension["deviceDnsDomain"] == "a.example"


def test_columns_that_triage_derived_count_like_attributes() -> None:
    """Also with more records than a sample holds, and where most have none."""
    size = 1000
    columns = {"logboom.component": [f"C{n % 3}" if n % 5 else None for n in range(size)]}
    batch = LogBatch.of({"body": [f"m{n}" for n in range(size)]}, columns)
    events = [read_cef(line) for line in cef_text(batch)]
    assert [event.labelled("component") for event in events] == columns["logboom.component"]
    assert [event.extension["msg"] for event in events] == [f"m{n}" for n in range(size)]


def test_a_record_gives_the_same_event_alone_and_among_many() -> None:
    """Some columns are worked on by their distinct values, some row by row, as a sample says; that must not show."""
    batch = batch_of([_varied(at) for at in range(400)])
    together = cef_text(batch, extra_attributes=True)
    for at in range(0, 400, 23):
        assert cef_text(batch.slice(at, 1), extra_attributes=True).item() == together[at]


def _varied(at: int) -> Row:
    own: list[tuple[str, Any]] = [("http.request.method", ["GET", "PUT"][at % 2]), ("url.full", f"/{at}=")]
    if at % 3:
        own += [
            ("client.port", at if at % 4 else str(at)),
            ("client.address", f"10.0.{at % 7}.{at % 250}"),
            ("x.y", at / 2),
        ]
    if at % 5 == 0:
        own += [("http.method", "OLD"), ("server.address", "::1" if at % 2 else "db"), ("x.y", True)]
    resource = [("service.name", f"s{at % 3}")] + ([("host.name", f"h{at}")] if at % 2 else [])
    return Row(f"id{at}", own, resource, fields={"body": f"line {at}\n", "event_name": "e" if at % 6 == 0 else ""})


def test_lengths_are_characters_and_never_cut_one_apart() -> None:
    """512 for the name, 1023 for the class and the message, 100 for the host: counted before escaping."""
    row = Row("id", [("host.name", "😀" * 101)], fields={"body": "=" * 1024, "event_name": "ü" * 2000})
    event = event_of(row)
    assert (len(event.name), len(event.event_class)) == (512, 1023)
    assert event.extension["dvchost"] == "😀" * 100
    assert event.extension["msg"] == "=" * 1023


def test_times_are_milliseconds_and_an_unknown_time_is_left_out() -> None:
    """Time of the event, else of its observation."""
    known = {"time_unix_nano": 1_700_000_000_123_999_999}
    seen = {"time_unix_nano": 0, "observed_time_unix_nano": 1_700_000_000_000_000_000}
    unknown = {"time_unix_nano": 0, "observed_time_unix_nano": 0}
    lines = cef_text(batch_of([Row("id", fields=fields) for fields in (known, seen, unknown)]))
    assert [read_cef(line).extension.get("rt") for line in lines] == ["1700000000123", "1700000000000", None]


def test_a_body_that_is_no_text_is_json_and_without_one_the_exception_speaks() -> None:
    """`msg` in the three cases."""
    batch = sampled([{"body": {"a": [1, "="]}}, {"attributes": {"exception.message": "no such user"}}, {}])
    messages = [read_cef(line).extension.get("msg") for line in cef_text(batch)]
    assert messages == ['{"a":[1,"="]}', "no such user", None]


def test_severity_follows_the_ranges_and_the_level_decides_where_there_is_one() -> None:
    """0-3 low, 4-6 medium, 7-8 high, 9-10 very high."""
    numbers = pl.Series([-1, 0, 1, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25], dtype=pl.Int32)
    assert cef_severity(numbers).to_list() == [3, 3, 1, 1, 3, 3, 6, 6, 8, 8, 10, 10, 3]
    levels = pl.Series(["critical", "warning", "info", "debug", "nonsense", None, "critical"])
    numbers = pl.Series([9, 17, 17, 17, 17, 17, 21], dtype=pl.Int32)
    assert cef_severity(numbers, levels).to_list() == [9, 6, 3, 1, 8, 8, 10]


def test_version_1_adds_the_keys_of_1_2_and_version_0_has_none_of_them() -> None:
    """Pod and namespace are an example."""
    row = Row("id", resource=[("k8s.pod.name", "p" * 65), ("k8s.namespace.name", "shop")])
    assert not set(event_of(row).extension) & {key for key, line in DICTIONARY.items() if line.since == "1.2"}
    event = event_of(row, version=1)
    assert event.version == 1
    assert event.extension["reportedResourceName"] == "p" * 64
    assert event.extension["reportedResourceGroupName"] == "shop"


def test_extra_attributes_get_one_word_that_is_no_key_of_the_dictionary() -> None:
    """What is mapped is not sent twice; a name that comes again is left out; off by default."""
    attributes = [
        ("http.route", "/r"),
        ("shop.cart_id", 7),
        ("shop.cart.id", 8),
        ("src", "6.6.6.6"),
        ("url.full", "/u"),
        ("logboom.pattern.id", "p1"),
        ("§", 1),
    ]
    row = Row("id", attributes, resource=[("shop.cart.id", 9), ("k8s.pod.name", "p")])
    assert not [key for key in event_of(row).extension if key.startswith("logboom")]
    extension = event_of(row, extra_attributes=True).extension
    own = {key: value for key, value in extension.items() if key.startswith("logboom")}
    assert own == {
        "logboomShopCartId": "7",
        "logboomSrc": "6.6.6.6",
        "logboomK8sPodName": "p",
        "logboomPatternId": "p1",
    }
    assert "src" not in extension


def test_the_device_is_escaped_cut_and_never_empty() -> None:
    """Vendor 63, product 63, version 31 characters."""
    event = event_of(Row("id"), device=Device("a|b\\" + "c" * 70, "\n", "v" * 40))
    assert (event.vendor, event.product, event.device_version) == ("a|b\\" + "c" * 59, "unknown", "v" * 31)


def test_no_records_give_no_events() -> None:
    """A column of texts all the same."""
    lines = cef_text(LogBatch.empty(), extra_attributes=True)
    assert (lines.dtype, len(lines)) == (pl.String, 0)


def test_the_dictionary_is_the_standards_and_only_its_producer_keys_are_used() -> None:
    """Numbers of keys as listed in version 27, and the fourth pair of IPv6 keys that its chapter on mappings names."""
    old = {key for key, line in DICTIONARY.items() if line.since == "0.1"}
    assert (len(old), len(DICTIONARY) - len(old), len(CONSUMER_KEYS)) == (122 + 2, 17, 35)
    keys = [set(forms(version, "")) - {CLASS, NAME, *OWN_KEYS} for version in (0, 1)]
    assert keys[0] < keys[1] <= set(DICTIONARY)
    assert not keys[1] & CONSUMER_KEYS
    assert keys[0] <= old
    assert all(re.fullmatch(r"logboom[A-Z][A-Za-z]+", key) for key in OWN_KEYS)


@pytest.mark.parametrize(
    "line",
    [
        "CEF:0|v|p|1|c|n|11|",
        "CEF:2|v|p|1|c|n|1|",
        "CEF:0|v|p|1|c|n|1|a=b=c",
        "CEF:0|v|p|1|c|n|1|a=b a=c",
        "CEF:0|v|p|1|c|n|1|a=b\\x",
        "CEF:0|v|p|1|c|n\\=|1|a=b",
        "CEF:0|v|p|1|c|n|1|a=b\nx",
        "CEF:0|v|p|1|c|1|",
        "CEF:0|v|p|1|c|n|1|a= b",
    ],
)
def test_the_reader_refuses_what_is_no_cef(line: str) -> None:
    """Otherwise the tests above could not fail."""
    with pytest.raises(NotCef):
        read_cef(line)
