"""What the body of an entry of kind `TEXT` is: lines as they stood in a file, and what is known of all of them.

    u32 length of the head │ head, JSON │ ranges: u32 start, u32 length each │ the text, UTF-8 as far as its writer kept to it

Without ranges the records are the lines of the text that hold more than white space. So what is read of a file goes to disk as it is,
and becomes columns where records are decoded (`collector.pipeline.text`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from struct import Struct, error

import orjson

WHITE = b" \t\r\n"
"""What is cut off a line, where nothing else is asked for, as the Collector's `file_log` does."""
_LENGTH = Struct("<I")
_PAIR = Struct("<II")
_BLANK = re.compile(rb"\n[ \t\r]*\n")
Scalar = str | int | float | bool


class NotText(ValueError):
    """It is no body of this kind."""


@dataclass(frozen=True, slots=True)
class Text:
    """One piece of one source.

    Args:
        text: the bytes of its records, and what stands between them.
        ranges: where each record stands in it, (start, length); None: one a line.
        attributes, resource: of every record.
        number: the number of the first record in its source, where records are to carry it.
        offset: the place of the text in its source, where records are to carry theirs.
        keep_leading, keep_trailing: leave white space there.
        binary: bodies are bytes.
        read_unix_nano: when it was read.
    """

    text: bytes
    ranges: Sequence[tuple[int, int]] | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    resource: Mapping[str, Scalar] = field(default_factory=dict)
    number: int | None = None
    offset: int | None = None
    keep_leading: bool = False
    keep_trailing: bool = False
    binary: bool = False
    read_unix_nano: int = 0

    def body(self) -> bytes:
        """What is journalled."""
        ranges = self.ranges
        head = orjson.dumps(
            {
                "a": self.attributes, "r": self.resource, "n": self.number, "o": self.offset, "l": self.keep_leading,
                "t": self.keep_trailing, "b": self.binary, "at": self.read_unix_nano,
                "c": None if ranges is None else len(ranges),
            }
        )  # fmt: skip
        places = b"".join(_PAIR.pack(*each) for each in ranges or ())
        return b"".join((_LENGTH.pack(len(head)), head, places, self.text))

    @classmethod
    def of(cls, body: bytes) -> Text:
        """Of what `body` made. Raises `NotText`."""
        try:
            (length,) = _LENGTH.unpack_from(body)
            head = orjson.loads(memoryview(body)[4 : 4 + length])
            begins = 4 + length
            number = head["c"]
            ranges = None
            if number is not None:
                ends = begins + number * _PAIR.size
                ranges = list(_PAIR.iter_unpack(memoryview(body)[begins:ends]))
                begins = ends
            return cls(
                body[begins:], ranges, head["a"], head["r"], head["n"], head["o"], head["l"], head["t"], head["b"], head["at"]
            )  # fmt: skip
        except (error, ValueError, KeyError, TypeError) as problem:
            raise NotText(f"not a piece of text: {problem}") from None


def with_resource(body: bytes, more: Mapping[str, Scalar]) -> bytes:
    """The same with more said of the resource. Raises `NotText`."""
    text = Text.of(body)
    return replace(text, resource={**text.resource, **more}).body()


def records_in(text: bytes) -> int:
    """How many lines hold more than white space."""
    if not text:
        return 0
    if text[:1] in WHITE or _BLANK.search(text):
        return sum(1 for line in text.split(b"\n") if line.strip(WHITE))
    last = text[text.rfind(b"\n") + 1 :].strip(WHITE)
    return text.count(b"\n") + bool(last)
