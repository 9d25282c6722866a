"""What must not be read is hidden, whole, once for all; nothing else is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import re2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collector.ottl.regex import translated
from collector.privacy.classes import CLASSES, masked_text, scanner
from collector.privacy.classes.columns import Detectors
from collector.privacy.classes.scanner import DETECTORS
from collector.privacy.classes.tokens import FORMS
from counterparts.examples import examples, rounds
from counterparts.labelled import read

TEXTS = [value.text for value in read(Path(__file__).parents[2] / "corpus" / "personal" / "labelled.jsonl")]
SOME = st.lists(st.sampled_from(TEXTS) | st.text(max_size=20), max_size=4)
JOINTS = st.sampled_from(["", " ", ",", "\n", '"', "=", "@", "-", "é"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail to bob.smith+x@example.org.", "mail to ****."),
        ("password=hunter2&next=/home", "password=****&next=/home"),
        ("https://ann:s3cret@db.example.com:5432/main", "https://ann:****@db.example.com:5432/main"),
        ("https://0123456789abcdef01234567@example.com/x.git", "https://****@example.com/x.git"),
        ('{"password":"a\\"b c","n":1}', '{"password":"****","n":1}'),
        ("Authorization: Bearer abcdef0123456789 sent", "Authorization: Bearer **** sent"),
        ("card 4111 1111 1111 1111 200 OK", "card **** 200 OK"),
        ("iban DE89 3704 0044 0532 0130 00 booked", "iban **** booked"),
        ("from 203.0.113.7:4711", "from ****:4711"),
        ("git@github.com:example/repo.git", "git@github.com:example/repo.git"),
        ("trace_id: 4929000000000006", "trace_id: 4929000000000006"),
        ("id 4929-0000-0000-0006-aaaa", "id 4929-0000-0000-0006-aaaa"),
        ("token: expired", "token: expired"),
        ("api key: 8f14e45fceea167a", "api key: ****"),
        ("apikey 8f14e45fceea167a invalid", "apikey **** invalid"),
        ("password is hunter2", "password is ****"),
        ("admin password=hunter2", "admin password=****"),
        ("this token=abc and reset password=def", "this token=**** and reset password=****"),
        (
            "nextPageToken=abc123 has_password=1x next_token: ab12",
            "nextPageToken=abc123 has_password=1x next_token: ab12",
        ),
        ("poller: token=Token(1), password=getpass()", "poller: token=Token(1), password=getpass()"),
        ("password is required", "password is required"),
        ("token 550e8400-e29b-41d4-a716-446655440000 sent", "token 550e8400-e29b-41d4-a716-446655440000 sent"),
        ("password 'hunter2' rejected", "password '****' rejected"),
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer ****"),
        ("Authorization: denied", "Authorization: denied"),
        ('{"to":"john\\u0040example.com"}', '{"to":"****"}'),
        ("4111\u00a01111\u00a01111\u00a01111", "****"),
        ("SSN: 078-05-1120", "SSN: ****"),
        ("passport number C01X00T47", "passport number ****"),
        ("ring (415) 555-2671 now", "ring **** now"),
        ("host:192.0.2.10:8080", "host:****:8080"),
        ("image app:1.4.2.9", "image app:1.4.2.9"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,1A\n\nMIIE\n-----END RSA PRIVATE KEY-----\nok",
            "****\nok",
        ),
        ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
        ("password=${PASSWORD}", "password=${PASSWORD}"),
    ],
)
def test_hides_the_value_and_nothing_beside_it(text: str, left: str) -> None:
    assert masked_text(text) == left


@settings(max_examples=examples(200))
@given(SOME, JOINTS)
def test_what_was_hidden_once_is_hidden_for_good(parts: list[str], joint: str) -> None:
    hidden = masked_text(joint.join(parts))
    assert scanner().finds(hidden) == []
    assert masked_text(hidden) == hidden


@settings(max_examples=examples(80))
@given(st.lists(SOME, max_size=4), JOINTS)
def test_columns_and_single_texts_are_told_the_same(rows: list[list[str]], joint: str) -> None:
    texts = [joint.join(parts) for parts in rows]
    column = pl.Series("text", [*texts, None], dtype=pl.String)
    assert Detectors().masked(column).to_list() == [*map(masked_text, texts), None]


@pytest.mark.parametrize("cls", CLASSES)
def test_a_class_alone_finds_what_it_finds_among_others(cls: str) -> None:
    alone = Detectors((cls,)).masked(pl.Series("text", TEXTS)).to_list()
    assert alone == [masked_text(text, (cls,)) for text in TEXTS]


def test_a_text_without_finds_is_the_same_object() -> None:
    column = pl.Series("text", ["order 4711 shipped", None, ""])
    assert Detectors().masked(column) is column
    text = "order 4711 shipped"
    assert masked_text(text) is text


@pytest.mark.parametrize("detector", DETECTORS, ids=[str(at) for at in range(len(DETECTORS))])
def test_what_is_likely_holds_all_that_is_found(detector: object) -> None:
    (one,) = [each for each in DETECTORS if each is detector]
    expression = re2.compile("|".join(f"(?:{each})" for each in (one.likely, one.numbers) if each))
    for text in TEXTS:
        assert not one.spans(text) or expression.search(text) is not None, text


def test_the_engine_of_columns_takes_all_expressions_without_unicode() -> None:
    columns = Detectors()
    assert all(expression.startswith("(?-u)") for expression in columns.expressions)
    assert all(translated(expression).startswith("(?-u)") for expression in map(str, FORMS.values()))


@pytest.mark.parametrize("maker", sorted(FORMS))
def test_each_documented_form_is_found(maker: str) -> None:
    @settings(max_examples=rounds(100, 2), phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.from_regex(FORMS[maker], fullmatch=True, alphabet=st.characters(max_codepoint=126)))
    def found(token: str) -> None:
        if maker != "JSON Web Token":  # its header must be an object
            assert token not in masked_text(f"key {token} used")

    found()


def test_a_process_without_columns_has_it() -> None:
    code = "import sys; from collector.privacy.classes import masked_text; assert masked_text('a@b.example') == '****'; assert 'polars' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
