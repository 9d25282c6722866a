"""What an exporter's verdicts say about each record of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from collector.outcomes import Blocked, Items, Ok, ReceiptKey, Reject, Retry, Split, Superseded, Verdict


@dataclass(frozen=True, slots=True)
class Reading:
    """The verdicts of one answer, made disjoint. The strongest wins: blocked, split, reject, superseded, retry, ok.

    Args:
        blocked, split: the reason; then nothing else is set.
        too_large: with `split`: for its size.
        left_out, warning: what the destination said about delivered records that it does not keep.
        concerned: how many records the warning is about; those left out are among them.
        moved: a file lost its name while it was open, in words.
        rejected: (items, reason).
        retry: items to send again; empty = none.
        throttled: some of them because the destination has too much to do.
        receipts: what the exporter wants to remember.
        superseded: items of which something newer is told.
        limited: (items, how often they are sent again, reason) of those in `retry` that have a limit.
    """

    delivered: Items
    rejected: Sequence[tuple[Items, str]]
    retry: Items
    retry_reason: str = ""
    after_secs: float | None = None
    throttled: bool = False
    blocked: str | None = None
    split: str | None = None
    too_large: bool = False
    left_out: int = 0
    warning: str = ""
    concerned: int = 0
    moved: str = ""
    limited: Sequence[tuple[Items, int, str]] = ()
    receipts: Mapping[ReceiptKey, bytes | None] = field(default_factory=dict)
    superseded: Items = field(default_factory=lambda: _NONE)


_NONE: Items = np.empty(0, dtype=np.uint32)


def read(verdicts: Sequence[Verdict], records: int) -> Reading:
    """Read the verdicts about a request of `records` records. Raises `IndexError` for an item that is not in it, and
    `TypeError` for what is no verdict: an exporter's mistake must not count as delivered."""
    if not all(isinstance(verdict, Verdict) for verdict in verdicts):
        raise TypeError("not a verdict")
    for verdict in verdicts:
        if isinstance(verdict, Blocked):
            return Reading(_NONE, (), _NONE, blocked=verdict.reason)
    for verdict in verdicts:
        if isinstance(verdict, Split):
            return Reading(_NONE, (), _NONE, split=verdict.reason, too_large=verdict.too_large)
    return _read_items(verdicts, records)


def _read_items(verdicts: Sequence[Verdict], records: int) -> Reading:
    open_ = np.ones(records, dtype=np.bool_)
    rejected = []
    for verdict in verdicts:
        if isinstance(verdict, Reject):
            items = _claim(open_, verdict.items)
            if len(items):
                rejected.append((items, verdict.reason))
    superseded = _NONE
    for verdict in verdicts:
        if isinstance(verdict, Superseded):
            superseded = np.union1d(superseded, _claim(open_, verdict.items)).astype(np.uint32)
    again, reason, after, throttled = _NONE, "", None, False
    limited = []
    for verdict in verdicts:
        if isinstance(verdict, Retry):
            items = _claim(open_, verdict.items)
            again = np.union1d(again, items).astype(np.uint32)
            if verdict.at_most is not None:
                limited.append((items, verdict.at_most, verdict.reason))
            reason = reason or verdict.reason
            throttled |= verdict.throttled
            after = max(after or 0.0, verdict.after_secs) if verdict.after_secs is not None else after
    oks = [verdict for verdict in verdicts if isinstance(verdict, Ok)]
    return Reading(
        np.flatnonzero(open_).astype(np.uint32),
        rejected,
        again,
        reason,
        after,
        throttled,
        left_out=sum(ok.rejected for ok in oks),
        warning=next((ok.warning for ok in oks if ok.warning), ""),
        concerned=sum(max(ok.rejected, ok.concerned) for ok in oks),
        moved=next((ok.warning for ok in oks if ok.moved), ""),
        limited=limited,
        receipts={key: value for ok in oks for key, value in ok.receipts.items()},
        superseded=superseded,
    )


def _claim(open_: np.ndarray[tuple[int], np.dtype[np.bool_]], items: Items | None) -> Items:
    """The named items (None = all) that no stronger verdict has taken; they are taken now."""
    wanted = np.zeros_like(open_)
    if items is not None and len(items) and np.min(items) < 0:
        raise IndexError("negative item")
    wanted[slice(None) if items is None else np.asarray(items, dtype=np.int64)] = True
    wanted &= open_
    open_ &= ~wanted
    return np.flatnonzero(wanted).astype(np.uint32)
