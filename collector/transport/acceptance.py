"""How a destination says that it has taken a request. A status line alone is anybody's word: a proxy, a sign-in page and
whoever listens on a wrong port answer 200, too, and what they were sent is lost.

Each exporter holds one `Acceptance`, the table of what its destination documents. What does not fit is push-back: the
exporter is blocked, keeps everything and says who answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from collector.transport.http_client import HttpAnswer

SUCCESS = frozenset(range(200, 300))
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta|script)\b",
    re.IGNORECASE | re.DOTALL,
)
_MARK = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[!?a-z]", re.IGNORECASE)
_FALSE = (False, "false")
_NO = frozenset({"error", "fail", "failed", "failure"})


def anything(answer: HttpAnswer) -> bool:
    """Whatever stands there."""
    del answer
    return True


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a destination answers to a request that it has taken.

    Args:
        who: its name, for people.
        statuses: what of 200 to 299 it answers with.
        empty: an answer without a body means taken.
        says_so: whether an answer with a body does; asked of nothing that is a page.
        pages: a page of HTML means taken, too.
    """

    who: str
    statuses: frozenset[int] = SUCCESS
    empty: bool = True
    says_so: Callable[[HttpAnswer], bool] = anything
    pages: bool = False

    def objection(self, answer: HttpAnswer) -> str:
        """Why an answer of 200 to 299 is not the destination's yes; empty when it is."""
        said = f"answered {answer.status} with {media_type(answer) or 'a body of no type'}"
        if not self.pages and is_page(answer):
            return f"{said}: a proxy or sign-in page, not {self.who}"
        if answer.status not in self.statuses:
            return f"answered {answer.status}: {self.who} answers {', '.join(map(str, sorted(self.statuses)))}"
        if not answer.body.strip():
            return "" if self.empty else f"answered {answer.status} without a body: not as {self.who} does"
        return "" if self.says_so(answer) else f"{said}, not as {self.who} does when it has taken a request"


def media_type(answer: HttpAnswer) -> str:
    """`application/json`, in lower case; empty when there is none."""
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def is_page(answer: HttpAnswer) -> bool:
    """An HTML page, whatever it calls itself. Text that is only called `text/html` is none: PHP calls everything so."""
    return bool(_MARKUP.match(answer.body) or (media_type(answer) in _HTML and _MARK.match(answer.body)))


def json_object(answer: HttpAnswer) -> Mapping[str, Any] | None:
    """The body as a JSON object, whatever its media type; None when it is none."""
    try:
        told = orjson.loads(answer.body)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def says_no(told: Mapping[str, Any]) -> bool:
    """Whether a JSON object is about a failure, in the words that APIs use."""
    if told.get("error") or told.get("errors") or told.get("success") in _FALSE or told.get("ok") in _FALSE:
        return True
    return str(told.get("status", "")).lower() in _NO


def json_without_error(answer: HttpAnswer) -> bool:
    """A JSON object that is about no failure: `{}`, `{"status":"ok"}`."""
    told = json_object(answer)
    return told is not None and not says_no(told)


ANYBODY = Acceptance("the destination")
"""Of destinations without a say of their own: all but pages."""
