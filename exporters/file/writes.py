"""What a request is made of, one part a file, and what became of each."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.outcomes import Items, Ok, Reject, Retry, Verdict

_NAMES = frozenset(
    {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.EINVAL, errno.EILSEQ}
)
"""Errors of a name. Where a sender's value made the name they will never pass; all others may (room, rights)."""
_RIGHTS = frozenset({errno.EACCES, errno.EPERM})
"""Where a sender's value made the name, and the folder of all values can be written, of that one file: it must not hold up the
files of others."""


@dataclass(slots=True)
class Write:
    """Whole messages for one file. A thread that outlives the attempt's time-out goes on writing, and so the part itself
    knows whether it is done: the next attempt doesn't write it again.

    Args:
        items: which records of the request they hold.
        done: they are on disk.
        error: why they are not, after an attempt.
        told: what else happened to the file.
    """

    path: str
    messages: bytes
    items: Items
    done: bool = False
    error: OSError | None = None
    told: str = ""


def verdicts(writes: Sequence[Write], *, named_by_senders: bool) -> list[Verdict]:
    """One for each part that failed; the rest is delivered."""
    told = [write.told for write in writes if write.told]
    return [Ok(warning="; ".join(told), moved=bool(told)), *_failed(writes, named_by_senders)]


def _failed(writes: Sequence[Write], named_by_senders: bool) -> Iterator[Verdict]:
    for write in writes:
        if write.error is None:
            continue
        reason = write.error.strerror or type(write.error).__name__
        if named_by_senders and write.error.errno in _RIGHTS:
            yield Reject(f"the file for the value of group_by can't be written: {reason}", write.items)
        elif named_by_senders and write.error.errno in _NAMES:
            yield Reject(f"the value of group_by names no file that can be written: {reason}", write.items)
        else:
            yield Retry(f"cannot write: {reason}", write.items)
