"""A text's mask is a pure function of it, the same in both engines, and for ever."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.patterns import masks

GOLDEN = {
    "Connection from 10.0.0.7 port 5041 closed": ("Connection from <*> port <*> closed", "ca1f462cc4ddcf40"),
    "order 5f0c2d4e-99aa-4c1b-8f7e-0a1b2c3d4e5f paid by bob@shop.example": ("order <*> paid by <*>", "c43a291582f5682d"),
    "GET https://shop.example/cart?id=7 took 12 ms": ("GET <*> took <*>", "56d160ce48eadaca"),
    "read /var/lib/app/data.db: 1.5 MB of 3 GB in 2.25 seconds": ("read <*> of <*> in <*>", "116d9409e81a6750"),
    "job nightly-7 done at Sat Jul  4 10:11:12 2026": ("job <*> done at <*>", "5678eba29422c3c0"),
    "state Order(id=7, lines=[a, b, c], user=User{name=bob}) saved": ("state <*> saved", "b308598034388fef"),
    "retry=3 ok=false path=\"a b\" name='x y'": ("retry=<*> ok=<*> path=<*> name=<*>", "da2a262098854049"),
    "stations: [north, south], free: []": ("stations: [<*>], free: [<*>]", "f78ebfa670cf11bf"),
    "closed, 12 bytes (1.2 KB) sent, 0 bytes received, lifetime <1 sec": ("closed, <*> sent, <*> received, lifetime <*>", "75d5ef4f94d7c2db"),
    "0x7fae12 freed by thread 0x1": ("<*> freed by thread <*>", "8aed393978243ad5"),
    "lease of 00:11:43:e3:ba:c3 by fe80::ba11:cafe": ("lease of <*> by <*>", "37a66948a429be8e"),
    "call of db.prod.internal failed: java.io.IOException": ("call of <*> failed: java.io.IOException", "c30bef2d7f6d8a8a"),
    "nothing varies here": ("nothing varies here", "613581dc520e2e89"),
    "Größe der Datei 数据 7 überschritten": ("Größe der Datei 数据 <*> überschritten", "7b994f629cf2d1d7"),
}  # fmt: skip


def one(text: str) -> str:
    return masks.masked(masks.keys([text]))[0]


@pytest.mark.parametrize("text", GOLDEN)
def test_what_varies_is_masked_and_the_id_is_for_ever(text: str) -> None:
    """A change here changes the pattern of what people have stored: it needs a new version of the encoding."""
    template, known = GOLDEN[text]
    assert (one(text), masks.pattern_id(one(text))) == (template, known)


def many(texts: list[str]) -> list[str]:
    """By the engine for many."""
    padding = ["x"] * (masks.FEW + 1)
    return masks.masked([*padding, *masks.keys([*padding, *texts])[len(padding) :]])[len(padding) :]


pieces = st.sampled_from(
    ["a", "Z", "0", "17", "_", "-", ".", ",", ":", "/", "=", " ", "[", "]", "(", ")", "{", "}", "<*>", "…", '"', "'", "@", "#", "é", "数", "ms", "KB", "true", "Jan ", "://", "\t", "…", "Name(", "k=v"]
)  # fmt: skip


@given(st.lists(pieces, max_size=40).map("".join))
def test_both_engines_say_the_same(text: str) -> None:
    """Whatever the text: a few texts and many have the same masks."""
    assert many([text]) == [one(text)]
    assert many([text * 40]) == [one(text * 40)]


@pytest.mark.parametrize("text", ["(" * 5000, "[a=" * 2000, "a." * 3000, "a/" * 3000, "<*>" * 1000, "x" * 100_000, "{=" * 900 + "}" * 900, "0 " * 3000])  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    """Under a millisecond on a quiet machine; here a hundred may pass."""
    one(text)
    began = time.thread_time()
    one(text)
    assert time.thread_time() - began < 0.1
