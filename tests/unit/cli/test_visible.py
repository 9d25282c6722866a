"""What senders write reaches people's eyes as text: nothing steers, nothing hides, no line is forged."""

from __future__ import annotations

import json
import unicodedata

import pytest

from collector.visible import visible, visible_json, visible_lines

CASES = {
    "an escape sequence": ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
    "a line end": ("shop\nFAKE 12:00:00 critical", r"shop\nFAKE 12:00:00 critical"),
    "carriage return and tab": ("a\r\tb", r"a\r\tb"),
    "C1 and DEL": ("\x9b31m\x7f", r"\x9b31m\x7f"),
    "direction override": ("\u202egnp\u202c", r"\u202egnp\u202c"),
    "direction marks": ("\u200e\u200f\u061c", r"\u200e\u200f\u061c"),
    "separators": ("\u2028\u2029", r"\u2028\u2029"),
    "invisible characters": ("zero\u200b\u2060\ufeffwidth", r"zero\u200b\u2060\ufeffwidth"),
    "tags": ("\U000e0041", r"\U000e0041"),
    "piled marks": ("a" + "\u0300" * 200 + "b", "a" + "\u0300" * 4 + "…b"),
    "other scripts stay": ("naïve café 日本語 é ﷺ ⚠️ \u00a0", "naïve café 日本語 é ﷺ ⚠️ \u00a0"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "shown"), CASES.values(), ids=CASES)
def test_a_text_on_one_line(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_control_format_and_separator_of_unicode_is_shown() -> None:
    """By this Python's tables, so that a new version of Unicode is noticed."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    steering = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in kinds]
    assert [one for one in steering if one in visible(one)] == []
    assert [one for one in steering if one in visible_lines(one)] == ["\t", "\n"]


def test_json_says_the_same_without_steering() -> None:
    """The value comes back whole; what stands on the terminal is ASCII where it would steer."""
    value = {"a\u202e": "\x1b\x7f\x9b\u2028\u200b\U000e0041 é", "raw": b"\x00\xff"}
    text = visible_json(value)
    assert text == r'{"a\u202e":"\u001b\u007f\u009b\u2028\u200b\udb40\udc41 é","raw":"00ff"}'
    assert json.loads(text) == {**value, "raw": "00ff"}
