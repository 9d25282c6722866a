"""Keys as text, and what is known of one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domains.credential import ADMIN, OPERATE, READ, SILENCE, WRITE
from collector.domains.keys import PATTERN, Key, KeyKind, digest_of, id_in, is_whole, new_key
from collector.domains.names import domain_name, host_name
from collector.domains.origins import checked_origin, is_among
from collector.reserved import DOMAIN

KINDS = {
    KeyKind.INGEST: ("i", {WRITE}), KeyKind.BROWSER: ("p", {WRITE}), KeyKind.READER: ("r", {READ}),
    KeyKind.ADMIN: ("a", {READ, OPERATE, SILENCE, ADMIN}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_found_in_any_text(kind):
    """By its form and its checksum, offline; it says its kind and its public id, and no two are alike."""
    letter, scopes = KINDS[kind]
    made = new_key(kind)
    assert re.fullmatch(rf"lb{letter}_{made.id}_[0-9A-Za-z]{{49}}", made.text)
    assert PATTERN.findall(f"token={made.text}, and so on") == [made.text]
    assert is_whole(made.text)
    assert id_in(made.text) == made.id
    assert made.digest == digest_of(made.text)
    assert new_key(kind).text != made.text
    assert kind.scopes == scopes


@given(st.integers(0, 66), st.sampled_from("0123456789ABCXYZabcxyz_"))
def test_a_typing_error_is_seen(at, character):
    """Whichever character is another, it is no key."""
    text = new_key(KeyKind.INGEST).text
    wrong = text[:at] + character + text[at + 1 :]
    assert is_whole(wrong) is (wrong == text)


def key(**fields) -> Key:
    return Key("k", KeyKind.INGEST, "tamyla.com", bytes(32), **fields)


@pytest.mark.parametrize(
    ("fields", "objection"),
    [
        ({}, ""), ({"not_before": 100}, ""), ({"not_before": 101}, "early"), ({"expires_at": 101}, ""),
        ({"expires_at": 100}, "expired"), ({"revoked_at": 100}, "revoked"), ({"revoked_at": 101}, ""),
        ({"revoked_at": 100, "expires_at": 1}, "revoked"),
    ],
)  # fmt: skip
def test_when_a_key_is_good(fields, objection):
    """At 100 seconds: from `not_before` on, until just before `expires_at`."""
    assert key(**fields).objection(100.0) == objection


def test_what_a_key_lets_its_holder_do():
    """Those in web pages are public and small; scopes of its own take the place of its kind's."""
    public = Key(
        "k", KeyKind.BROWSER, "tamyla.com", bytes(32), origins=["https://a"], networks=["10.1.2.3/8"]
    ).credential()
    assert (public.public, public.max_body_bytes, public.origins) == (True, 65536, ("https://a",))
    assert [str(network) for network in public.networks] == ["10.0.0.0/8"]
    secret = key(scopes=[READ], limit={"requests_per_second": 5}).credential()
    assert (secret.public, secret.max_body_bytes, secret.scopes, secret.limit) == (
        False, 0, {READ}, {"requests_per_second": 5},
    )  # fmt: skip


NAMES = {
    "tamyla.com": "tamyla.com", "TAMYLA.com.": "tamyla.com", " shop_eu ": "shop_eu", "München.de": "xn--mnchen-3ya.de",
    "xn--mnchen-3ya.de": "xn--mnchen-3ya.de", "t\u0430myla.com": "xn--tmyla-4ve.com", "127.0.0.1": "127.0.0.1",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_domains(name):
    """One spelling: what a browser would send in `Host`; a look-alike is another domain."""
    assert domain_name(name) == NAMES[name]
    assert domain_name(domain_name(name)) == domain_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "a b", "a..b", "-a", "a-", "a/b", "*", "*.tamyla.com", "a" * 64, DOMAIN, "LogBoom."]
)
def test_what_is_no_domain(name):
    """Nor is the service's own name."""
    with pytest.raises(ValueError, match=r"domain"):
        domain_name(name)


@given(st.text(max_size=300))
def test_a_name_has_one_spelling_or_none(text):
    """Whatever people type: the result is a name that stays as it is, and that a host can be."""
    try:
        name = domain_name(text)
    except ValueError:
        return
    assert domain_name(name) == name == host_name(name)
    assert name.isascii()


ORIGINS = [
    (["https://shop.example"], "https://shop.example", True), (["https://shop.example"], "https://SHOP.example", True),
    (["https://shop.example"], "http://shop.example", False), (["https://shop.example"], "https://shop.example.evil", False),
    (["https://shop.example"], "https://evil?https://shop.example", False), (["https://shop.example"], "null", False),
    (["https://shop.example"], None, False), (["https://*.shop.example"], "https://eu.shop.example", True),
    (["https://*.shop.example"], "https://shop.example", False),
    (["https://*.shop.example"], "https://evil/x.shop.example", False),
    (["https://*.shop.example"], "https://evil#.shop.example", False), (["*"], "https://anything", True), (["*"], None, False),
    (["http://localhost:*"], "http://localhost:3000", True),
]  # fmt: skip


@pytest.mark.parametrize(("allowed", "origin", "expected"), ORIGINS)
def test_origins(allowed, origin, expected):
    """`*` stands for a part of a host, and never for what ends one."""
    assert is_among(origin, [checked_origin(each) for each in allowed]) is expected


@pytest.mark.parametrize("text", ["shop.example", "https://shop.example/", "https://", "https://a b", "ftp://x"])
def test_what_is_no_origin(text):
    """Browsers send scheme, host and port."""
    with pytest.raises(ValueError, match="no origin"):
        checked_origin(text)
