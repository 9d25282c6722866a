"""What stands under colours and wrappings, of one body and of a column of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.columns.dictionary import encode
from collector.lines.bare import MAX_OBJECT, bare_lines, unwrapped
from collector.lines.decoration import decorated

LINE = "ERROR shop.cart: boom"
COLOURED = "\x1b[31mERROR\x1b[0m shop.cart: boom"

DECORATED = [
    ("colours", COLOURED),
    ("true colour, with colons", "\x1b[38:2::255:0:0mERROR\x1b[m shop.cart: boom"),
    ("eight-bit introducer", "\x9b31mERROR\x9b0m shop.cart: boom"),
    ("cursor and erasing", "\x1b[2K\x1b[1GERROR shop.cart: boom"),
    ("two characters", "\x1b(BERROR\x1b=\x1b shop.cart: boom".replace("\x1b shop", " shop")),
    ("link, ended by BEL", "ERROR \x1b]8;;https://x.example\x07shop.cart\x1b]8;;\x07: boom"),
    ("link, ended by ST", "ERROR \x1b]8;;https://x.example\x1b\\shop.cart\x1b]8;;\x1b\\: boom"),
    ("title", "\x1b]0;title\x07ERROR shop.cart: boom"),
    ("quoted by Go", "\\x1b[31mERROR\\x1b[0m shop.cart: boom"),
    ("quoted by JSON", "\\u001B[31mERROR\\u001b[0m shop.cart: boom"),
    ("quoted twice", "\\\\u001b[31mERROR\\\\u001b[0m shop.cart: boom"),
    ("octal", "\\033[31mERROR\\033[0m shop.cart: boom"),
    ("as shells write it", "\\e[31mERROR\\e[0m shop.cart: boom"),
    ("as rsyslog writes it", "#033[31mERROR#033[0m shop.cart: boom"),
    ("with a caret", "^[[31mERROR^[[0m shop.cart: boom"),
    ("the character replaced", "\ufffd[31mERROR\u241b[0m shop.cart: boom"),
    ("CRI", "2026-11-29T10:00:00.123456789Z stderr F " + LINE),
    ("CRI, coloured", "2026-11-29T10:00:00.123456789+02:00 stdout P " + COLOURED),
    ("Docker", json.dumps({"log": LINE + "\n", "stream": "stderr", "time": "2026-11-29T10:00:00Z"})),
    ("fluent-bit", json.dumps({"log": LINE, "kubernetes": {"pod_name": "shop-1"}})),
    ("Vector", json.dumps({"message": LINE, "kubernetes": {"container_name": "shop"}, "stream": "stdout"})),
    ("names with dots", json.dumps({"message": LINE, "kubernetes.pod_name": "shop-1"})),
    ("GELF", json.dumps({"version": "1.1", "host": "web1", "short_message": LINE, "level": 3})),
    ("GELF, full", json.dumps({"host": "web1", "short_message": "boom", "full_message": LINE})),
    ("GELF, nothing in full", json.dumps({"host": "web1", "short_message": LINE, "full_message": " "})),
    ("loguru", json.dumps({"text": LINE + "\n", "record": {"level": {"name": "ERROR", "no": 40}}})),
    ("journald", json.dumps({"MESSAGE": LINE, "PRIORITY": "3", "SYSLOG_IDENTIFIER": "shop"})),
    ("@cee", "@cee:" + json.dumps({"MESSAGE": LINE, "_PID": "7"})),
    ("Docker in CRI, coloured", "2026-11-29T10:00:00Z stdout F " + json.dumps({"log": COLOURED + "\n", "stream": "stdout"})),
]  # fmt: skip

PLAIN = [
    "",
    LINE,
    '{"log": "a file", "size": 3}',
    '{"text": "hello"}',
    '{"MESSAGE": "x"}',
    '{"message": "x", "kubernetes": "talos"}',
    '{"message": "x", "level": "info"}',
    '{"log": {"level": "info"}, "stream": "stdout"}',
    '{"broken "log", "stream": 1',
    "{}",
    "[1, 2]",
    "stdout F x",
    "to stdout F and to stderr P",
    "rate(requests[5m]) over C:\\edge[0m] and \\x1b5 #033 \\u001b\\n",
    "größe 5 µm",
]


@pytest.mark.parametrize(("name", "body"), DECORATED)
def test_the_bare_line(name: str, body: str) -> None:
    assert unwrapped(body).line == LINE, name


@pytest.mark.parametrize("body", PLAIN)
def test_what_is_not_decorated_stays_as_it_is(body: str) -> None:
    assert unwrapped(body).line == body


def test_a_full_message_that_is_only_the_trace_follows_the_short_one() -> None:
    trace = "java.io.IOException: Broken pipe\n\tat shop.Cart.send(Cart.java:7)"
    body = json.dumps({"host": "web1", "short_message": LINE, "full_message": trace})
    assert unwrapped(body).line == f"{LINE}\n{trace}"


def test_what_was_thrown_belongs_to_a_line_in_gelf() -> None:
    fault = {
        "_exceptionType": "IOException",
        "_stack_trace": "IOException: Broken pipe\n\tat shop.Cart",
        "_user": "ann",
    }
    body = json.dumps({"version": "1.1", "host": "web1", "short_message": LINE, "_error": 7, **fault})
    assert unwrapped(body).line == f"{LINE}\nIOException\nIOException: Broken pipe\n\tat shop.Cart"


def test_objects_around_the_line_are_told_the_outermost_first() -> None:
    body = json.dumps({"log": json.dumps({"MESSAGE": LINE, "PRIORITY": "3"}), "stream": "stderr"})
    assert [sorted(document) for document in unwrapped(body).around] == [["log", "stream"], ["MESSAGE", "PRIORITY"]]
    own = '{"level": "info"}'
    assert unwrapped(own) == (own, ({"level": "info"},), None)


MESSAGES = [
    ("pino", json.dumps({"level": 50, "msg": LINE}), LINE),
    ("logstash", json.dumps({"@version": "1", "message": LINE, "level": "ERROR"}), LINE),
    ("Serilog", json.dumps({"@t": "2026-11-29T10:00:00Z", "@m": LINE}), LINE),
    ("structlog", json.dumps({"event": LINE, "level": "error"}), LINE),
    ("Google Cloud", json.dumps({"severity": "ERROR", "jsonPayload": {"message": LINE}}), LINE),
    ("a message with quotes and breaks", json.dumps({"msg": 'say "no"\n\ttwice'}), 'say "no"\n\ttwice'),
    ("in Docker's envelope", json.dumps({"log": json.dumps({"msg": LINE}) + "\n", "stream": "stdout"}), LINE),
    ("logfmt", f'time=2026-11-29T10:00:00Z level=error msg="{LINE}" tenant=7', LINE),
    ("logfmt at the start, quoted", 'msg="say \\"no\\" twice" level=info', 'say "no" twice'),
    ("logfmt with an escape of Go", 'level=info msg="a\\x00b"', "a\\x00b"),
    ("no words", json.dumps({"msg": {"code": 7}, "message": "", "event": None}), None),
    ("not logfmt", 'he said commsg="x"', None),
    ("an unfinished quote", 'msg="x', None),
]


@pytest.mark.parametrize(("name", "body", "message"), MESSAGES)
def test_a_line_of_a_logger_is_judged_below_its_message(name: str, body: str, message: str | None) -> None:
    found = unwrapped(body)
    assert found.message == message, name
    assert found.spoken == (found.line if message is None else f"{message}\n{found.line}")


def test_slashes_that_php_escapes() -> None:
    body = '{"message":"GET \\/a\\/b HTTP\\/1.1","level_name":"INFO"}'
    assert unwrapped(body).spoken == 'GET /a/b HTTP/1.1\n{"message":"GET /a/b HTTP/1.1","level_name":"INFO"}'


@pytest.mark.slow
def test_wrappings_in_each_other_end() -> None:
    """A line that wraps itself again and again is looked through a few times only."""
    body = LINE
    for _ in range(20):
        body = json.dumps({"log": body, "stream": "stdout"})
    assert unwrapped(body).line != LINE


def test_a_long_text_keeps_its_end() -> None:
    """Colours are taken off all of it; an object that is too long to look into is its own line."""
    long = "x" * MAX_OBJECT
    assert unwrapped(f"\x1b[31m{long}\x1b[0m end").line == f"{long} end"
    wrapped = json.dumps({"log": long, "stream": "stdout"})
    assert unwrapped(wrapped).line == wrapped


@pytest.mark.parametrize(
    "piece", ["\x1b", "\x1b]", "\x1b[", "\x1bP", "\x1b[0;", "\\", "\\x1b[", "^[[0", "#033[;", "\x9b5"]
)
def test_hostile_text_ends(piece: str) -> None:
    """Beginnings of sequences without their ends: the number of steps is linear, so this returns."""
    assert len(unwrapped(piece * 300_000).line) <= 300_000 * len(piece)


def test_a_column_keeps_its_rows() -> None:
    bodies = [None, *(body for _, body in DECORATED), *PLAIN, None, LINE, COLOURED]
    wanted = [None, *(LINE for _ in DECORATED), *(unwrapped(body).spoken for body in PLAIN), None, LINE, LINE]
    assert bare_lines(encode(pl.Series(bodies, dtype=pl.String))).column().to_list() == wanted


@pytest.mark.parametrize("bodies", [[], [None], [""], ["", ""], ["plain", "größe"], ["x stdout y", None]], ids=str)
def test_a_column_without_decoration_is_itself(bodies: list[str | None]) -> None:
    coded = encode(pl.Series(bodies, dtype=pl.String))
    lines = bare_lines(coded)
    assert lines.column().to_list() == bodies
    assert lines is coded or "stdout" in str(bodies)


def test_only_bodies_that_may_be_decorated_are_looked_at() -> None:
    """Also in a slice of a larger array: what stands before and behind it does not matter."""
    texts = pl.Series([COLOURED, "plain", '{"said": "x"}', '{"log": "x"}', "y stderr z", COLOURED]).to_arrow()
    assert decorated(texts).tolist() == [0, 3, 4, 5]
    assert decorated(texts.slice(1, 2)).tolist() == []
    assert decorated(texts.slice(2, 3)).tolist() == [1, 2]


WRAPPINGS: list[Callable[[str], str]] = [
    lambda text: json.dumps({"log": text, "stream": "stdout"}),
    lambda text: json.dumps({"short_message": text, "host": "a", "full_message": "b"}),
    lambda text: json.dumps({"record": 1, "text": text}),
    lambda text: json.dumps({"message": text, "kubernetes": {"pod_name": "a"}}),
    lambda text: f"2026-11-29T10:00:00Z stdout F {text}",
    lambda text: f"\x1b[1m{text}\x1b[0m",
    lambda text: f"@cee:{text}",
    lambda text: f"#033[7m{text}",
    lambda text: json.dumps({"level": 30, "msg": text}).replace("/", "\\/"),
    lambda text: f"level=info msg={json.dumps(text)}",
    lambda text: text[1:],
]
TEXTS = st.text(st.sampled_from('\x1b\x9b[]{}m0; "ablog\\^#3µ\ufffd'), max_size=12)
BODIES = st.builds(
    lambda text, wrappings: [text := wrap(text) for wrap in wrappings][-1] if wrappings else text,
    TEXTS,
    st.lists(st.sampled_from(WRAPPINGS), max_size=4),
)


@given(st.lists(st.none() | BODIES, max_size=8))
def test_a_column_has_the_lines_of_its_bodies(bodies: list[str | None]) -> None:
    """The search that leaves bodies out leaves none out that is other than its line."""
    lines = bare_lines(encode(pl.Series(bodies, dtype=pl.String))).column().to_list()
    assert lines == [None if body is None else unwrapped(body).spoken for body in bodies]
