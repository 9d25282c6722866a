"""The head of a request as the parser gave it, and heads that are known again by their bytes.

A sender's requests differ in their bodies and how long these are, seldom in more. A parser gives the same for the same bytes, so a head
that was parsed, checked and taken once is looked up from then on, with the digits of its `Content-Length` cut out; all others are parsed.

Only a head that is written in one way is known: of HTTP/1.1, every line ends in CR LF and holds one field, one of them `Content-Length`, and
the connection goes on behind the answer. So where it ends is beyond doubt, and no byte of a body can pass for a head (request smuggling);
and the parser, which never sees such a request, stands where it would stand behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Field = tuple[bytes, bytes]
CONTENT_LENGTH = b"content-length"
_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: ?([1-9][0-9]{0,8})\r\n")
_MOST_DIGITS, _ZERO = 9, ord("0")
_LONGEST = 4096
_MOST = 1024
_MOST_SEEN = 8192


class Head:
    """What of a request is known before its body; of many requests where their heads are the same.

    Args:
        method, url: as they were sent.
        fields: names in lower case, one `host` among them.
        persistent: the connection may be kept behind the answer.
        known: it is looked up: the `content-length` among the fields is that of the first request of its kind.
    """

    __slots__ = ("fields", "known", "method", "persistent", "plan", "texts", "url")

    def __init__(self, method: bytes, url: bytes, fields: list[Field], persistent: bool, known: bool = False) -> None:
        self.method = method
        self.url = url
        self.fields = fields
        self.persistent = persistent
        self.known = known
        self.texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in fields}
        """By name; the last of each."""
        self.plan: Any = None
        """What the application does with such requests; its own to write, once."""

    @property
    def length(self) -> int | None:
        """Of the body, where the head tells; of a known one each request tells its own."""
        text = self.texts.get("content-length", "")
        return int(text) if text.isdecimal() else None


Plain = tuple[bytes, int, int]
"""A head as it may be known: its bytes without the digits of its length, the length, and where the body begins."""


def plain(data: bytes) -> Plain | None:
    """The head that `data`, read between two requests, begins with; None where it is not whole, not short or says no length."""
    end = data.find(b"\r\n\r\n", 0, _LONGEST)
    found = _LENGTH.search(data, 0, end + 2) if end > 0 else None
    if found is None:
        return None
    first, behind = found.span(1)
    return data[:first] + data[behind:end], int(data[first:behind]), end + 4


class Latest:
    """The known head that came last on a connection: whether it comes again is told by what stands before and behind the digits of its
    length, without a look for either. It is the judgement of `plain` on the same bytes.

    Args:
        data, body_at: a request with the head, and where its body begins.
    """

    __slots__ = ("_at", "_before", "_behind", "head")

    def __init__(self, head: Head, data: bytes, body_at: int) -> None:
        found = _LENGTH.search(data, 0, body_at - 2)
        assert found is not None, "it is known, so it was found once"
        self._at, end = found.span(1)
        self._before, self._behind = data[: self._at], data[end:body_at]
        self.head = head

    def begins(self, data: bytes) -> tuple[Head, int, int] | None:
        """If `data`, read between two requests, begins with it: the head, the length of the body, and where that begins."""
        if not data.startswith(self._before):
            return None
        at = self._at
        end = data.find(b"\r", at, at + _MOST_DIGITS + 1)
        digits = data[at:end] if end > at else b"0"
        if not digits.isdigit() or digits[0] == _ZERO or not data.startswith(self._behind, end):
            return None
        return self.head, int(digits), end + len(self._behind)


def _is_beyond_doubt(key: bytes, head: Head) -> bool:
    """Whether the parser has seen as many fields as there are lines, each of which ends as it should, one length, and nothing by which
    it would read differently what follows."""
    line, _, _ = key.partition(b"\r\n")
    lines = key.count(b"\r\n")
    lengths = sum(name == CONTENT_LENGTH for name, _ in head.fields)
    plain_lines = lines == key.count(b"\n") == key.count(b"\r") == len(head.fields)
    return plain_lines and lengths == 1 and head.persistent and line.endswith(b" HTTP/1.1")


class Heads:
    """The heads that a listener knows; for one event loop. One is kept when it comes for the second time: a sender whose heads all differ
    (trace ids) takes no room."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}
        self._seen: set[int] = set()
        self.get: Callable[[bytes], Head | None] = self._known.get

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, found: Plain, head: Head) -> None:
        """A request with this head was parsed and taken."""
        key, length, _ = found
        mark = hash(key)
        if mark not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen.add(mark)
        elif head.length == length and _is_beyond_doubt(key, head):
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = Head(head.method, head.url, head.fields, head.persistent, known=True)
