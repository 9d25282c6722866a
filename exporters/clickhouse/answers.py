"""What ClickHouse says of an insert or a statement: an HTTP status, and the number of its exception in `X-ClickHouse-Exception-Code`, which says more.

200, with a header of ClickHouse's    stored
an exception about the rows           halved, until the row to blame stands alone
one about user, table or setting      blocked
one about too much at once            again, with fewer requests at once
another exception or status           HTTP's table
"""

from __future__ import annotations

from collector.outcomes import Blocked, Ok, Retry, Split, Verdict
from collector.transport.acceptance import Acceptance
from collector.transport.http_answers import described, retry_after_secs, verdict_of
from collector.transport.http_client import HttpAnswer
from exporters.clickhouse.schema import OPTIONAL

CODE_HEADER = "X-ClickHouse-Exception-Code"
TAKEN = Acceptance("ClickHouse", frozenset({200}), says_so=lambda _: False)
"""An insert is answered without a body."""
_NO_SUCH_COLUMN = 16
_TOO_MANY_PARTS = 252
_ROWS = frozenset(
    # a text, number, date, array or map that cannot be read; incomplete or wrong data; out of range; NULL; a constraint; too long
    {6, 26, 27, 32, 33, 38, 41, 72, 117, 131, 321, 349, 407, 469, 675}
)
_TOO_LARGE = frozenset({158, 191, 307, 396})  # more rows or bytes than the user may send at once
_PEOPLE = frozenset(
    # columns and types that are not the schema's, unknown table, database, function, setting, format, engine, cluster
    {8, 10, 16, 20, 36, 44, 46, 47, 48, 50, 53, 56, 57, 60, 62, 73, 80, 81, 115, 170, 344, 392, 452, 701, 702}
    # read-only user, unknown user, wrong or missing password, address, database or table not allowed
    | {164, 192, 193, 194, 195, 291, 372, 497, 516}
)
_BUSY = frozenset(
    {159, 160, 201, 202, 203, 209, 241, _TOO_MANY_PARTS, 439}
)  # time, queries, quota, memory, parts, threads
_SHOWN_CHARACTERS = 300


def insert_verdict(answer: HttpAnswer | Exception) -> Verdict:
    """What it means for the rows of an insert."""
    if isinstance(answer, Exception) or not (code := exception_code(answer)):
        return _unnamed(answer)
    reason = described(answer.status, said(answer.body))
    if code in _ROWS or _many_days(code, answer):
        return Split(reason)
    if code in _TOO_LARGE:
        return Split(reason, too_large=True)
    if code in _PEOPLE:
        return Blocked(reason)
    if code in _BUSY:
        return Retry(reason, after_secs=retry_after_secs(answer), throttled=True)
    return _unnamed(answer)


def statement_verdict(answer: HttpAnswer | Exception) -> Verdict:
    """What it means for all inserts that a statement before them was not carried out: none is to blame."""
    found = insert_verdict(answer)
    return Blocked(found.reason) if isinstance(found, Split) else found


def lacks_optional(answer: HttpAnswer) -> bool:
    """Whether the table has no column `EventName`."""
    return exception_code(answer) == _NO_SUCH_COLUMN and OPTIONAL.encode() in answer.body


def exception_code(answer: HttpAnswer) -> int:
    """0 without one."""
    text = answer.headers.get(CODE_HEADER, "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def said(body: bytes) -> str:
    """ClickHouse's own words: the first line, shortened; nothing of a page."""
    line = body.decode(errors="replace").strip().partition("\n")[0]
    return "" if line.startswith("<") else line[:_SHOWN_CHARACTERS]


def _unnamed(answer: HttpAnswer | Exception) -> Verdict:
    """By HTTP's table. An empty 200 is anybody's word: ClickHouse's has headers of its own."""
    found = verdict_of(answer, said, TAKEN)
    if isinstance(found, Ok) and isinstance(answer, HttpAnswer) and not _is_clickhouse(answer):
        return Blocked("answered 200 without a header of ClickHouse's: somebody else listens there")
    return found


def _is_clickhouse(answer: HttpAnswer) -> bool:
    return any(name.lower().startswith("x-clickhouse-") for name in answer.headers)


def _many_days(code: int, answer: HttpAnswer) -> bool:
    """One insert may fill so many partitions, which are days; the number is that of too many parts of a table."""
    return code == _TOO_MANY_PARTS and b"partitions for single INSERT" in answer.body
