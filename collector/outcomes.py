"""How a record can end, and what an exporter's answer can mean.

Every record that was accepted ends in exactly one `Outcome` per pipeline and exporter; the counts are rows in the
transaction that makes them true, so they add up over any crash:

    a pipeline    accepted + fed + replayed + created = duplicate + undecodable + filtered + aggregated + dropped
                                                        + dead_lettered + handled + out
    a connector   offered + replayed + created + copied = passed + filtered + dropped + dead_lettered
    an exporter   enqueued = exported + dead_lettered + dropped + filtered + moved + still queued

What connectors count as `passed:<pipeline>` is what that pipeline counts as `fed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the supervisor knows outcomes, and has no use for numpy
    import numpy as np
    import numpy.typing as npt

Items: TypeAlias = "npt.NDArray[np.uint32]"
"""Positions of records in the request's batch, ascending."""


class Outcome(StrEnum):
    """The named ends of a record, and the marks on its way (`ACCEPTED`, `FED`, `OUT`, `ENQUEUED`)."""

    ACCEPTED = "accepted"  # durable in the journal; the sender was told
    REFUSED = "refused"  # the sender was told no; nothing kept
    DUPLICATE = "duplicate"  # the same bytes came before, within dedup_window
    UNDECODABLE = "undecodable"  # dead-lettered raw
    FILTERED = "filtered"  # a processor left it out, or an exporter's `select`
    AGGREGATED = "aggregated"  # it became a count
    CREATED = "created"  # a component made it, in place of others or beside them
    FED = "fed"  # a connector handed it to the pipeline
    REPLAYED = "replayed"  # a dead letter of a fed pipeline or a connector, tried again there
    OUT = "out"  # it left the pipeline at its end: for exporters, connectors, or both
    HANDLED = "handled"  # a command that a component of the pipeline carried out
    OFFERED = "offered"  # to a connector, at the end of its pipeline
    PASSED = "passed"  # a connector handed it on; written as "passed:<pipeline>"
    COPIED = "copied"  # handed to one pipeline more than the first
    ENQUEUED = "enqueued"  # in the outbox, for one exporter
    MOVED = "moved"  # no longer for this exporter: other pipelines were fed it (`failover`)
    EXPORTED = "exported"  # the destination has it
    DEAD_LETTERED = "dead_lettered"  # kept aside with a reason, replayable
    DROPPED = "dropped"  # given up; written as "dropped:<reason>"
    REPAIRED = "repaired"  # no end: values of accepted records, put right or left out; written as "repaired:<reason>"


Counts = Counter[tuple[str, str, str]]
"""(domain, component, outcome) → records. Component: `receiver/otlp`, `pipeline/logs`, `processor/logs/triage`,
`connector/logs/forward`, `exporter/sqlite`. Outcome: an `Outcome` value, `dropped:<reason>` or `passed:<pipeline>`."""


ReceiptKey = tuple[str, str]
"""(domain, key): what an exporter remembers something under; the key is one of `Ordered.order_by`."""
MOST_RECEIPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Ok:
    """All items of the request that no other answer names are delivered.

    Args:
        rejected: how many of them the destination then left out on its own account, without saying which (OTLP's
            partial success); they are not sent again.
        warning: what it said about that, or what else must be told about this request.
        concerned: how many items the warning is about, when they were not left out.
        moved: the warning says that a file lost its name while it was open; health tells it for a minute.
        receipts: what to remember under keys of the request's records (`KeepsReceipts`), `MOST_RECEIPT_BYTES` each; None forgets.
    """

    rejected: int = 0
    warning: str = ""
    concerned: int = 0
    moved: bool = False
    receipts: Mapping[ReceiptKey, bytes | None] = field(default_factory=dict)


LONGEST_WAIT_SECS = 3600.0
"""What a destination asks for is heeded up to here: a slip in its `Retry-After` must not end delivery."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Send these items again (None = all): backoff with jitter, `after_secs` as a floor (`LONGEST_WAIT_SECS` at most).

    `throttled`: the destination has too much to do (429, 503); fewer requests are in flight from now on. Timeouts count
    as that without being named. `at_most`: how often each of them is sent again for such an answer before it becomes a
    dead letter with `reason`; None = no limit.
    """

    reason: str
    items: Items | None = None
    after_secs: float | None = None
    throttled: bool = False
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """The request is too large: halve it. A single record still too large is dead-lettered with `reason`.

    `too_large`: it is certain that the size is meant (413), not a record inside; later requests stay below.
    """

    reason: str
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """The destination refuses everything for now (credential, missing index): keep all, probe, tell people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """These items (None = all) will never be accepted: dead-letter them, replayable, with `reason`."""

    reason: str
    items: Items | None = None


@dataclass(frozen=True, slots=True)
class Superseded:
    """These items (None = all) need not be sent any more: the destination has been told, or is about to be told, something newer of the
    same thing. They end as `dropped:superseded`."""

    items: Items | None = None


Verdict = Ok | Retry | Split | Blocked | Reject | Superseded
Verdicts = Sequence[Verdict]
"""What one answer means. `Retry`, `Reject` and `Superseded` may stand side by side; items that none of them names are delivered."""
