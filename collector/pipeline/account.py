"""What makes the account of a step add up, where nobody named it.

records in + created = records out + filtered + aggregated + dropped          for each processor and domain
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.ledger.interface import RawDeadLetter
from collector.outcomes import Counts, Outcome

_ENDS = {Outcome.FILTERED, Outcome.AGGREGATED, Outcome.DUPLICATE, Outcome.UNDECODABLE, Outcome.DEAD_LETTERED}


def unnamed(component: str, before: Mapping[str, int], after: Mapping[str, int], named: Counts) -> Counts:
    """What makes the account of one processor add up: `filtered` for what is missing, `created` for what is new."""
    missing = Counter(before)
    missing.subtract(after)
    for (domain, _, outcome), records in named.items():
        if outcome == Outcome.CREATED:
            missing[domain] += records
        elif outcome in _ENDS or outcome.startswith(Outcome.DROPPED):
            missing[domain] -= records
    filtered = {(domain, component, str(Outcome.FILTERED)): n for domain, n in missing.items() if n > 0}
    created = {(domain, component, str(Outcome.CREATED)): -n for domain, n in missing.items() if n < 0}
    return Counter(filtered | created)


def surplus(component: str, offered: Mapping[str, int], named: Counts, passed: Counts) -> Counts:
    """What makes the account of a connector add up: `filtered` for what went nowhere, `copied` for what went to more than one
    pipeline."""
    missing = Counter(offered)
    for (domain, counted, outcome), records in (*named.items(), *passed.items()):
        if counted != component:
            continue
        if outcome in (Outcome.CREATED, Outcome.COPIED):
            missing[domain] += records
        elif outcome in _ENDS or outcome.startswith((Outcome.DROPPED, f"{Outcome.PASSED}:")):
            missing[domain] -= records
    names = ((domain, Outcome.FILTERED if n > 0 else Outcome.COPIED, n) for domain, n in missing.items())
    return Counter({(domain, component, str(outcome)): abs(n) for domain, outcome, n in names if n})


def discrepancy(
    component: str, entries: Sequence[Entry], decoded: LogBatch, dead_letters: Sequence[RawDeadLetter]
) -> Counts:
    """Records that the door counted and the decoder did not find, or the other way round, so that counts add up."""
    missing: Counter[str] = Counter()
    for entry in entries:
        missing[entry.domain] += entry.records
    missing.subtract(decoded.by_domain())
    for letter in dead_letters:
        missing[letter.entry.domain] -= letter.entry.records
    names = ((domain, Outcome.UNDECODABLE if n > 0 else Outcome.CREATED, n) for domain, n in missing.items())
    return Counter({(domain, component, str(outcome)): abs(n) for domain, outcome, n in names if n})
