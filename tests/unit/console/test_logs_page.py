"""The page of logs over a store: its rows, links, and what it makes of text that means no good."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path

import pytest

from collector.console.pages.log_chart import HEIGHT, chart
from collector.console.pages.log_lines import breakable, lines, marked, trace_lines
from collector.console.pages.narrowing import Narrowing, named
from collector.console.views.counts import Bucket, Histogram
from collector.query.query import Query
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

NOW = time.time_ns()
HOSTILE = '<script>alert(1)</script>\x1b[31m\u202egpj "><img src=x onerror=alert(1)>'


def store(root: Path, *bodies: str, domain: str = "a.example") -> None:
    """Records of these bodies, each a second older."""
    made = [
        Row(f"{number:026}", [("logboom.triage.level", "critical"), ("logboom.component", body), (body or "key", body)],
            resource=[("service.name", "shop")],
            fields={"domain": domain, "time_unix_nano": NOW - (number + 1) * 10**9, "body": body})
        for number, body in enumerate(bodies)
    ]  # fmt: skip
    opened = EmbeddedStore(root / "store.db")
    opened.insert(rows(batch_of(made), Limits()))
    opened.close()


@pytest.mark.anyio
async def test_a_page_shows_records_counts_and_values(tmp_path: Path) -> None:
    store(tmp_path, "timeout of one", "same", "same", "other")
    async with asked(tmp_path) as client:
        text = (await client.get("/logs", params={"q": "level:critical"})).text
        assert "<b>4</b> records" in text
        assert text.count('class="line critical') == 3
        assert "2 equal records in a row" in text
        marked_ = (await client.get("/logs", params={"q": "timeout"})).text
        assert "<mark>timeout</mark> of one" in marked_
        assert marked_.count('class="line critical') == 1


@pytest.mark.anyio
async def test_hostile_text_is_shown_and_is_no_markup(tmp_path: Path) -> None:
    """In the list, in values, opened and around."""
    store(tmp_path, HOSTILE)
    async with asked(tmp_path) as client:
        pages = ["/logs", f"/logs/{0:026}", f"/logs/{0:026}/context"]
        texts = [(await client.get(path)).text for path in pages]
        texts.append((await client.get(f"/logs/{0:026}", headers={"hx-request": "true"})).text)
        for text in texts:
            assert "<script>alert" not in text
            assert "<img" not in text
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert "&lt;script&gt;" in text
            assert not re.search(r"\sstyle=", text)


@pytest.mark.anyio
async def test_three_ways_to_have_nothing(tmp_path: Path) -> None:
    store(tmp_path)
    async with asked(tmp_path) as client:
        assert "No record ever came" in (await client.get("/logs")).text
    store(tmp_path, "one")
    async with asked(tmp_path) as client:
        earlier = await client.get("/logs", params={"from": "now-2h", "to": "now-1h"})
        assert "Nothing in this time" in earlier.text
        assert "Nothing matches" in (await client.get("/logs", params={"q": "absent"})).text


@pytest.mark.anyio
async def test_a_wrong_query_is_said_with_its_place(tmp_path: Path) -> None:
    store(tmp_path, "one")
    async with asked(tmp_path) as client:
        answer = await client.get("/logs", params={"q": "one sevice:shop"})
        assert answer.status_code == 400
        assert "<mark>s</mark>" in answer.text
        assert "<b><bdi>service" in answer.text
        assert (await client.get("/logs/none")).status_code == 404


@pytest.mark.anyio
async def test_older_records_are_a_link_away(tmp_path: Path) -> None:
    store(tmp_path, *(f"record {number}" for number in range(150)))
    async with asked(tmp_path) as client:
        first = (await client.get("/logs")).text
        older = html.unescape(re.search(r'href="([^"]+)" rel="next"', first)[1])  # type: ignore[index]
        second = (await client.get(older)).text
        shown = [re.findall(r'"text"><bdi>(record \d+)</bdi>', text) for text in (first, second)]
        assert sorted(shown[0] + shown[1]) == sorted(f"record {number}" for number in range(150))


@pytest.mark.parametrize("value", ["shop", "a b", 'say "x"', "back\\slash", "OR", "/api/*", "-minus", "(x)"])
def test_a_value_is_taken_left_out_and_dropped(value: str) -> None:
    """Whatever it holds: the query is one, and says what was chosen."""
    given = Narrowing("timeout level:>=info")
    one = Narrowing(given.toggled("service", value))
    assert one.taken("service") == [value]
    two = Narrowing(one.toggled("service", "other"))
    assert two.taken("service") == [value, "other"]
    assert str(Narrowing(two.toggled("service", "other"))) == str(one)
    assert one.toggled("service", value) == str(given)
    out = Narrowing(one.without("service", value))
    assert (out.taken("service"), out.left_out("service")) == ([], [value])
    for each in (one, two, out, Narrowing(two.only("service", value))):
        assert Query(str(each)).text.startswith("timeout level:>=info")


def test_what_is_an_alternative_stays_whole() -> None:
    assert Narrowing("a OR b").only("service", "x") == "(a OR b) service:x"
    assert Narrowing("NOT a AND service:y").only("service", "x") == "NOT a service:x"
    assert Narrowing("service:sh*").toggled("service", "x") == "service:sh* service:x"
    assert (named("a b", "@"), named("k8s.pod", "resource."), named('a"b', "@")) == ('@"a b"', "resource.k8s.pod", "")


def test_what_was_searched_for_is_marked_and_what_hides_is_a_chip() -> None:
    assert marked("a <b> A", ["a"]) == "<mark>a</mark> &lt;b&gt; <mark>A</mark>"
    assert breakable("a.b_<c>") == "a.<wbr>b_<wbr>&lt;c&gt;"
    assert marked("x\x1by", []) == 'x<span class="esc">\\x1b</span>y'


def test_frames_of_libraries_stand_back() -> None:
    text = 'Traceback (most recent call last):\n  File "/srv/a.py", line 1\n    x\n  File "/usr/lib/b.py", line 2\n    y\nValueError: z'
    assert [line.kind for line in trace_lines(text)] == ["", "ours", "ours", "lib", "lib", "err"]


def test_lines_of_two_days_are_apart() -> None:
    row = {"record_id": "r", "domain": "a", "level": "info", "service_name": "s", "component": None, "endpoint": None}
    made = [{**row, "body": str(day), "time_unix_nano": day * 86_400 * 10**9} for day in (20_002, 20_001)]
    days = [line.day for line in lines(made, "", Query("").node)]
    assert days == ["Sunday, 6 October 2024", "Saturday, 5 October 2024"]


def test_bars_stand_on_the_base_line_within_the_chart() -> None:
    found = Histogram(60, [Bucket(0, (1, 0, 999, 0)), Bucket(60, (0, 0, 0, 0))], "rows", True, 0)
    drawn = chart(found)
    assert drawn.bars[0].level == "critical"
    assert drawn.bars[0].y + drawn.bars[0].height == HEIGHT
    assert all(bar.height >= 2 and bar.x >= 0 and bar.x + bar.width <= 50 for bar in drawn.bars)
