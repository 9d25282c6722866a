"""What messages are made of: a card within its size, text that links nothing, a pace, a memory that may be unreadable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from collector.notices.card import card
from collector.notices.inert import code, fenced, markdown, unlinked
from collector.notices.pace import Pace
from collector.notices.receipt import Receipt
from collector.notices.wording import one_line
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import alert, notice

LINES = st.text(max_size=60).map(one_line)


def test_a_card_says_it_all():
    shown = card(notice(), 9000)
    assert shown.title.startswith("CRITICAL: shop/Checkout of tamyla.com")
    assert dict(shown.facts) == {
        "domain": "tamyla.com", "environment": "production", "service": "shop", "component": "Checkout",
        "since": "2026-11-29T10:02:00Z", "records": "12",
    }  # fmt: skip
    assert dict(shown.notes) == {"cause": "deployment 1.4.2 at 09:58", "suggestion": "roll back to 1.4.1"}
    assert [entry.heading for entry in shown.entries] == ["12 records: payment failed: card declined"]
    assert shown.footer == "first notification \u00b7 group 0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("most", [0, 1000, 3000, 9000])
def test_a_card_keeps_its_size_and_counts_what_is_left_out(most):
    shown = card(notice(alerts=[alert(samples=("x" * 500,) * 3)] * 10, truncated=3), most)
    assert sum(len(entry.heading) + sum(map(len, entry.lines)) for entry in shown.entries) <= most
    left = 13 - len(shown.entries)
    assert shown.footer.startswith(f"and {left} more") or not left


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_every_text_of_a_card_is_one_line(text):
    shown = card(hostile(text), 30_000)
    texts = [shown.title, *(value for _, value in (*shown.facts, *shown.notes)), *(line for entry in shown.entries for line in (entry.heading, *entry.lines))]  # fmt: skip
    assert all(each.isprintable() for each in texts)


LINKED = [
    "https://a.example",
    "a.example",
    "x@a.example",
    "mailto:x@a.b",
    "@here",
    "#1",
    "javascript:alert(1)",
    "ftp://x",
]


@pytest.mark.parametrize("text", LINKED)
def test_what_looks_like_a_link_is_broken(text):
    broken = unlinked(f"see {text} now")
    assert text not in broken
    assert broken.replace("\u200b", "") == f"see {text} now"


@given(LINES)
def test_markdown_of_a_text_is_the_text(text):
    """No element comes of it."""
    (paragraph,) = [
        token for token in MarkdownIt("gfm-like", {"linkify": False}).parse(f"x{markdown(text)}x") if token.children
    ]
    assert {leaf.type for leaf in paragraph.children or []} <= {"text", "text_special"}


@given(st.lists(LINES, min_size=1, max_size=4))
def test_no_text_ends_its_fence(texts):
    blocks = MarkdownIt("commonmark").parse(f"{fenced(texts)}\n\nbehind")
    assert [block.type for block in blocks] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert blocks[0].content == "".join(f"{text}\n" for text in texts)


@given(LINES.filter(str.strip))
def test_no_text_ends_its_span(text):
    (inline,) = [token for token in MarkdownIt("commonmark").parse(f"a {code(text)} b") if token.children]
    assert [leaf.type for leaf in inline.children or []] == ["text", "code_inline", "text"]


def test_a_pace_lets_bursts_go_and_no_more():
    now = [0.0]
    pace = Pace(3, 60.0, lambda: now[0])
    assert [pace.wait_secs(critical=False) for _ in range(3)] == [0.0, 0.0, 0.0]
    wait = pace.wait_secs(critical=False)
    assert wait == pytest.approx(20.0)
    assert pace.wait_secs(critical=True) == 0.0
    now[0] = 20.0
    assert pace.wait_secs(critical=False) == 0.0
    assert pace.wait_secs(critical=False) > 0
    now[0] = 1000.0
    assert [pace.wait_secs(critical=False) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_what_was_remembered_comes_back():
    kept = Receipt(7, "firing", {"ts": "1.2"})
    assert Receipt.read(kept.packed()) == kept


@pytest.mark.parametrize(
    "data", [None, b"", b"null", b"{", b"[]", b'{"sequence":"x"}', b'{"sequence":1,"status":"s","names":3}']
)
def test_what_nobody_can_read_is_nothing(data):
    assert Receipt.read(data) is None
