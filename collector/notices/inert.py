"""Text of senders, written so that nothing that shows it makes a link, a mention or a form of it.

Where a destination has elements of plain text (Slack's rich text, text runs of adaptive cards, JSON fields), those are used and nothing is
escaped. Clients make links of what looks like one all the same: `unlinked` takes the looks.
"""

from __future__ import annotations

import re

_BREAK = "\u200b"
_LIKE_A_LINK = re.compile(
    r"(?<=:)(?=//)|(?<=[\w-]\.)(?=[^\W\d_])|(?<=@)(?=\S)|(?<=(?<![\w&])#)(?=\w)|(?<=[A-Za-z0-9]:)(?=[A-Za-z])"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@$^=\"'/])")
_RUN = re.compile(r"`+")


def unlinked(text: str) -> str:
    """With a break that takes no room behind `:` of a URL, `.` of a host, `@` and `#` of a mention."""
    return _LIKE_A_LINK.sub(_BREAK, text)


def markdown(text: str) -> str:
    """Plain text as Markdown (CommonMark, GitHub's): each sign that could mean something is escaped, nothing is linked."""
    return _MARKDOWN.sub(r"\\\1", unlinked(text))


def code(text: str) -> str:
    """Plain text on one line as a span of code: its fence is longer than any run of backticks in it, and nothing in it pings."""
    fence = "`" * (1 + max((len(run) for run in _RUN.findall(text)), default=0))
    return f"{fence} {text} {fence}" if text.strip() else ""


def fenced(texts: list[str]) -> str:
    """Lines as a block of code, with a fence that none of them ends."""
    most = max((len(run) for text in texts for run in _RUN.findall(text)), default=0)
    fence = "`" * max(3, most + 1)
    return "\n".join([f"{fence}text", *texts, fence])
