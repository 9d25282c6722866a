"""Which heads are known again, and that a request with such a head is its own in all that its head says of it."""

from __future__ import annotations

import httptools
import pytest

from collector.transport.serving.http_head import Head, Heads, Latest, plain
from fuzz.known_heads import Pair, pair

LINE = b"POST /v1/logs HTTP/1.1\r\n"
TYPED = b"Content-Type: application/x-protobuf\r\n"
GOOD = LINE + b"Host: a\r\n" + TYPED + b"Content-Length: 2\r\n\r\n"


class Parsed:
    """What the parser makes of a head."""

    def __init__(self, data: bytes) -> None:
        self.url, self.fields, self.persistent = b"", [], False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.persistent = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()

    @property
    def head(self) -> Head:
        return Head(self.parser.get_method(), self.url, self.fields, self.persistent)


def learned(head: bytes, times: int = 2) -> Heads:
    """A listener to which this head came so often."""
    heads = Heads()
    for _ in range(times):
        found = plain(head + b"{}")
        if found is not None:
            heads.learn(found, Parsed(head + b"{}").head)
    return heads


KNOWN = {
    "as SDKs write it": GOOD,
    "in small letters": GOOD.lower().replace(b"post", b"POST").replace(b"http/1.1", b"HTTP/1.1"),
    "the length last": LINE + b"Host: a\r\nContent-Length: 2\r\n\r\n",
    "the length first, without a blank": LINE + b"Content-Length:2\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_head_is_known_when_it_came_twice_whatever_its_length(name):
    """Not when it came once: a sender whose heads all differ takes no room."""
    head = KNOWN[name]
    assert len(learned(head, times=1)) == 0
    heads = learned(head)
    other = plain(head.replace(b"2\r\n", b"13579\r\n") + b"{}")
    assert other is not None
    key, length, body_at = other
    found = heads.get(key)
    assert found is not None
    assert (length, body_at, found.method, found.url) == (13579, len(head) + 4, b"POST", b"/v1/logs")


UNKNOWN = {
    "of HTTP/1.0": GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "the last of its connection": LINE + b"Connection: close\r\n" + GOOD[len(LINE) :],
    "a folded field": LINE + b"X: a\r\n b\r\n" + GOOD[len(LINE) :],
    "a length behind a bare line feed": LINE + b"Host: a\r\nX: b\nContent-Length: 2\r\n\r\n",
    "a length in chunks' place": LINE + b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "an empty length": LINE + b"Host: a\r\nContent-Length: 0\r\n\r\n",
    "a length with a zero in front": LINE + b"Host: a\r\nContent-Length: 02\r\n\r\n",
    "an empty line in front": b"\r\n" + GOOD,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_could_be_read_in_two_ways_is_parsed_each_time(name):
    """Or what changes how the parser reads what follows."""
    try:
        heads = learned(UNKNOWN[name], times=5)
    except httptools.HttpParserError:
        return  # nobody takes it
    assert len(heads) == 0


def test_a_head_that_ends_elsewhere_than_the_parser_says_is_not_known():
    """The parser ended it at a bare line feed, and the bytes behind it look like the end of a head, too."""
    data = b"POST /v1/logs HTTP/1.1\nHost: a\nContent-Length: 30\n\nab\r\nContent-Length: 30\r\n\r\n"
    found = plain(data)
    assert found is not None
    heads = Heads()
    for _ in range(3):
        heads.learn(found, Head(b"POST", b"/v1/logs", [(b"host", b"a"), (b"content-length", b"30")], persistent=True))
    assert len(heads) == 0


def test_no_more_are_kept_than_there_is_room_for():
    """Nor marks of those that came once."""
    heads = Heads()
    for number in range(10_000):
        data = LINE + b"Host: %d\r\nContent-Length: 2\r\n\r\n{}" % number
        found, head = plain(data), Parsed(data).head
        assert found is not None
        for _ in range(2 if number < 2000 else 1):
            heads.learn(found, head)
    assert 0 < len(heads) <= 1024
    assert len(heads._seen) <= 8192


AGAIN = {
    "the same": GOOD,
    "another length": GOOD.replace(b"2\r\n", b"123456789\r\n"),
    "too long a length": GOOD.replace(b"2\r\n", b"1234567890\r\n"),
    "no length": GOOD.replace(b"2\r\n", b"\r\n"),
    "a length with a zero in front": GOOD.replace(b"2\r\n", b"02\r\n"),
    "a length that is none": GOOD.replace(b"2\r\n", b"2a\r\n"),
    "a length in other digits": GOOD.replace(b"2\r\n", "\u0662\r\n".encode()),
    "a field more": GOOD[:-2] + b"X: a\r\n\r\n",
    "another field in front": GOOD.replace(b"Host: a", b"Host: b"),
    "not whole yet": GOOD[:-1],
    "not even to the length": GOOD[:20],
    "nothing behind the digits": GOOD[: GOOD.index(b"2\r\n") + 1],
}


@pytest.mark.parametrize("name", AGAIN)
def test_the_latest_head_of_a_connection_is_told_as_others_are(name):
    """By its halves, the same is found as by a look for its end and its length."""
    heads, known = learned(GOOD), plain(GOOD + b"{}")
    assert known is not None
    head = heads.get(known[0])
    assert head is not None
    data = AGAIN[name] + b"{}" if AGAIN[name].endswith(b"\r\n\r\n") else AGAIN[name]
    found = plain(data)
    other = heads.get(found[0]) if found is not None else None
    expected = None if found is None or other is None else (other, *found[1:])
    assert Latest(head, GOOD, known[2]).begins(data) == expected
    assert (expected is not None) == (name in ("the same", "another length"))


def served(both: Pair, *requests: bytes) -> list[str]:
    """What either listener said of requests of one connection, each read by itself; they say the same."""
    knowing, parsing = both.serve(list(requests))
    assert knowing == parsing
    return knowing.statuses.strip("[]").split(", ")


def test_known_heads_serve_as_parsed_ones_do():
    """The length, and with it the refusal of what is too long, is that of each request."""
    with pair() as both:
        good = GOOD.replace(b"2\r\n", b"4\r\n") + b"\x0a\x02\x12\x00"
        assert served(both, *[good] * 5) == ["200"] * 5
        assert both.known == 3
        long = GOOD.replace(b"2\r\n", b"8000000\r\n")
        assert served(both, long + b"x") == ["413"]
        assert served(both, good[:-1], good[-1:] + good + good, b"\r\n" + good) == ["200"] * 4
