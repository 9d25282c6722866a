"""Where a chain breaks, and how: each entry by its own hash, its place, what is in front of it, and by checkpoints.

| what was done | what shows it |
| --- | --- |
| a row's text, hash or another column was altered | its hash, or the column beside its text |
| rows were removed | a number that is missing; at the front: what follows says how old the one before it was |
| a row was inserted | two have one number; or its hash does not lead on |
| rows changed places | the number in the text is another |
| the newest rows were cut off, or all was written anew | a checkpoint says more, or otherwise |

Entries that need not be kept any more may be gone from the front.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from collector.audit.checkpoint import Checkpoint
from collector.audit.entry import linked

SHOWN = ("event", "action", "who", "why", "address", "received", "expires", "time")
"""What stands in columns of its own beside an entry's text."""
_MOST_FINDINGS = 100
_SIX_YEARS_NANOS = 6 * 366 * 86_400 * 10**9


class Row(NamedTuple):
    """An entry as a store keeps it. `shown`: its columns of `SHOWN`."""

    domain: str
    seq: int
    hash: str
    previous: str
    text: str
    shown: Mapping[str, Any]


class Finding(NamedTuple):
    """Where a chain breaks: `altered`, `moved`, `inserted`, `removed`, `rewritten`, `cut`, or `forged` (a checkpoint)."""

    seq: int
    kind: str
    sentence: str


@dataclass(slots=True)
class Verified:
    """What became of a domain's chain.

    Args:
        first, last: numbers of the oldest and the newest entry that are there; 0: there is none.
        signed: number of the newest entry that a good checkpoint vouches for.
        strange: checkpoints of keys that nobody gave: nothing is known of them.
    """

    domain: str
    entries: int = 0
    first: int = 0
    last: int = 0
    signed: int = 0
    checkpoints: int = 0
    strange: int = 0
    findings: list[Finding] = field(default_factory=list)

    def found(self, seq: int, kind: str, sentence: str) -> None:
        """One more, up to so many."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(seq, kind, sentence))


def verified(
    domain: str,
    rows: Iterable[Row],
    checkpoints: Sequence[Checkpoint],
    public_keys: Sequence[bytes],
    now_unix_nano: int,
) -> Verified:
    """Go through a domain's chain. `rows` by number; one is looked at at a time.

    Args:
        checkpoints: of this domain, from wherever they are.
        public_keys: those that may have signed them.
    """
    result = Verified(domain)
    walk = _Walk(result, {one.seq for one in checkpoints}, now_unix_nano)
    for seq, group in groupby(rows, key=lambda row: row.seq):
        walk.take(seq, list(group))
    kept_nanos = walk.kept_nanos(one for one in checkpoints if any(map(one.is_of, public_keys)))
    for checkpoint in sorted(checkpoints, key=lambda one: (one.seq, one.time)):
        _held_against(checkpoint, walk, public_keys, kept_nanos)
    result.findings.sort(key=lambda one: one.seq)
    return result


class _Walk:
    """Along one chain."""

    def __init__(self, result: Verified, wanted: set[int], now_unix_nano: int) -> None:
        self.result = result
        self.now = now_unix_nano
        self.seen: dict[int, set[str]] = {}
        """Number of a checkpoint → hashes of the entries that have it."""
        self._kept_nanos: dict[str, int] = {}
        """Hash of such an entry → how long it says that it is kept."""
        self._wanted = wanted
        self._last: set[str] = set()
        self._last_expired = True

    def take(self, seq: int, group: list[Row]) -> None:
        result = self.result
        said = [(row, said) for row in group if (said := _checked(row, result)) is not None]
        if len(group) > 1:
            result.found(
                seq,
                "inserted",
                f"{len(group)} entries have the number {seq}: one was inserted, or a restored backup went on from before",
            )
        self._joined(seq, group, said[0][1] if said else None)
        result.entries += len(group)
        result.first, result.last = result.first or seq, seq
        self._last = {row.hash for row in group}
        self._last_expired = bool(said) and said[0][1]["expires"] <= self.now
        if seq in self._wanted:
            self.seen[seq] = self._last
            self._kept_nanos |= {linked(row.previous, row.text): self._kept(each) for row, each in said}

    def kept_nanos(self, checkpoints: Iterable[Checkpoint]) -> int:
        """How long entries are kept, by those that good checkpoints vouch for alone: any other may have been written anew to say that
        what is missing had expired."""
        vouched = (
            self._kept_nanos[one.hash]
            for one in checkpoints
            if one.hash in self.seen.get(one.seq, ()) and one.hash in self._kept_nanos
        )
        return max(vouched, default=_SIX_YEARS_NANOS)

    def _joined(self, seq: int, group: list[Row], said: dict[str, Any] | None) -> None:
        """Whether it follows what is in front of it."""
        result, before = self.result, self.result.last
        if seq == before + 1 and before:
            if any(row.previous not in self._last for row in group):
                result.found(
                    seq, "rewritten", f"entry {seq} follows another entry {before} than the one that stands there"
                )
        elif before and (not self._last_expired or self._needed(said)):
            result.found(before + 1, "removed", f"{_numbers(before + 1, seq - 1)} missing")
        elif not before and seq > 1 and self._needed(said):
            result.found(
                seq - 1, "removed", f"entries before {seq} are missing, though the last of them is to be kept still"
            )

    def _needed(self, said: dict[str, Any] | None) -> bool:
        """Whether the one before it, which is missing, is to be kept still: the one that follows knows, and is bound to what comes behind."""
        return said is not None and said["after"] + self._kept(said) > self.now

    @staticmethod
    def _kept(said: dict[str, Any]) -> int:
        return int(said["expires"]) - int(said["received"])


def _checked(row: Row, result: Verified) -> dict[str, Any] | None:
    """What a row says, when it is what was written."""
    try:
        good = linked(row.previous, row.text) == row.hash
        said = orjson.loads(row.text)
        seq, domain = said["seq"], said["domain"]
        columns = {name: said[name] for name in SHOWN}
        numbers = all(isinstance(said[name], int) for name in ("after", "received", "expires"))
    except (ValueError, KeyError, TypeError):
        good, numbers, said, seq, domain, columns = False, False, {}, row.seq, row.domain, {}
    if not good or not numbers:
        result.found(row.seq, "altered", f"entry {row.seq} is not what was written: its hash is another")
        return None
    if (domain, seq) != (row.domain, row.seq):
        result.found(row.seq, "moved", f"in the place of entry {row.seq} stands entry {seq} of {domain}")
        return None
    if strange := [name for name, value in row.shown.items() if (value or None) != (columns[name] or None)]:
        result.found(row.seq, "altered", f"entry {row.seq}: the column {strange[0]} says other than the entry")
    return dict(said)


def _held_against(checkpoint: Checkpoint, walk: _Walk, public_keys: Sequence[bytes], kept_nanos: int) -> None:
    result, seq = walk.result, checkpoint.seq
    keys = [key for key in public_keys if checkpoint.is_of(key)]
    if not keys:
        if any(_named(checkpoint, key) for key in public_keys):
            result.found(
                seq, "forged", f"the checkpoint of entry {seq} does not bear the signature of the key that it names"
            )
        else:
            result.strange += 1
        return
    result.checkpoints += 1
    if seq > result.last:
        if result.last or checkpoint.time + kept_nanos > walk.now:  # the newest never go before older ones
            there = f"the newest that is there is {result.last}" if result.last else "none is there"
            result.found(seq, "cut", f"a checkpoint vouches for entry {seq}, and {there}")
    elif seq in walk.seen:
        if checkpoint.hash not in walk.seen[seq]:
            result.found(
                seq, "rewritten", f"a checkpoint vouches for another entry {seq} than the one that stands there"
            )
        else:
            result.signed = max(result.signed, seq)
    elif seq < result.first and checkpoint.time + kept_nanos > walk.now:
        result.found(seq, "removed", f"a checkpoint vouches for entry {seq}, which is missing at the front")


def _named(checkpoint: Checkpoint, public: bytes) -> bool:
    from collector.audit.key import key_id

    return checkpoint.key == key_id(public)


def _numbers(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
