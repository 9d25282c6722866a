"""Silences that are hard to write down or to look for: none of them keeps the others, or alerts, from being told."""

from __future__ import annotations

from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.component import Applied
from collector.connectors.alerting import silences
from collector.connectors.alerting.words import SILENCE, UNSILENCE
from collector.matchers import Matcher, parse
from collector.receivers.alertmanager.views import Views
from counterparts.alerting_life import HOUR, Life

BLANK = 'my "label"'


def kept(life: Life) -> silences.Silences:
    return silences.of(life.work.states["a.com"])


@given(st.lists(st.builds(Matcher, st.text(), st.sampled_from(["=", "!="]), st.text())))
def test_what_is_written_is_read_as_it_was(matchers: list[Matcher]) -> None:
    assert list(parse("{" + ", ".join(str(one) for one in matchers) + "}")) == matchers


def test_a_name_is_quoted_only_where_it_has_to_be() -> None:
    assert [str(one) for one in parse("""{severity="a", "my label"="b"}""")] == ['severity="a"', '"my label"="b"']


def test_a_silence_of_a_name_with_blanks_and_quotes_holds_and_ends() -> None:
    life = Life()
    made = life.command(SILENCE, matchers=r'"my \"label\""="x"', seconds=3600)
    assert isinstance(made, Applied)
    assert kept(life).hold({BLANK: "x"}, life.work.now_unix_nano)
    assert not kept(life).hold({BLANK: "y"}, life.work.now_unix_nano)
    life.tell()
    assert len(life.told()) == 2
    life.work.now_unix_nano += 1
    assert isinstance(life.command(UNSILENCE, silence=str(made.snapshot["logboom.alert.silence"])), Applied)
    assert not kept(life).hold({BLANK: "x"}, life.work.now_unix_nano)


def test_expressions_that_are_too_large_together_hold_each() -> None:
    life = Life()
    for number in range(160):
        assert isinstance(
            life.command(SILENCE, matchers=f'service=~"svc{number}-.{{1,100}}-canary"', seconds=3600), Applied
        )
        life.work.now_unix_nano += 1
    found, now = kept(life), life.work.now_unix_nano
    assert all(found.hold({"service": f"svc{number}-a-canary"}, now) for number in range(160))
    assert not found.hold({"service": "svc160-a-canary"}, now)
    assert not found.hold({"service": "svc1-a-canary"}, now + HOUR)


def test_a_silence_that_cannot_be_read_is_none() -> None:
    life = Life()
    life.command(SILENCE, matchers='service="shop"', seconds=3600)
    state, now = life.work.states["a.com"], life.work.now_unix_nano
    (row,) = msgpack.unpackb(state.get(b"s"))
    state.put(b"s", msgpack.packb([["old", '{my label="x"}', *row[2:]], row]))
    assert [one.id for one in kept(life).all] == [row[0]]
    assert kept(life).hold({"service": "shop"}, now)


def test_one_in_the_store_that_cannot_be_read_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [
        {"silence_id": text, "matchers": text, "who": "", "why": "", "starts_unix_nano": 1, "ends_unix_nano": 2}
        for text in ('{my label="x"}', '{"my label"="x"}')
    ]
    views = Views(tmp_path)
    monkeypatch.setattr(Views, "_rows", lambda *_: rows)
    assert [one["id"] for one in views.silences("a.com", lambda _: (), 3)] == ['{"my label"="x"}']
    assert views.silence("a.com", '{my label="x"}', 3) is None
