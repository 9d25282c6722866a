"""The account of a run: each promise, whether it was kept, and the figures."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chaos.conductor import NUMBERS, RECOVERY_SECS, Run
from chaos.faults import CATALOGUE, SET_ASIDE
from chaos.honest import Delivery
from chaos.place import Place
from chaos.watch import Look, Window
from collector.testing.conservation import assert_directory_conserved

MOST_MIB = {"supervisor": 200, "ingest": 600, "worker": 1200, "starting": 1200}
P99_SECS = 1.0
_SET_ASIDE_SECS = 660.0
"""Health tells for ten minutes that records were set aside; all else for a minute at most."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What must hold; `speed` for what a busy machine can break."""

    name: str
    kept: bool
    figures: str
    speed: bool = False


def promises(place: Place, run: Run) -> list[Promise]:
    """The whole account of a run whose logboom has ended."""
    return [*_records(place, run), *_speed(run), *_memory(run), *_health(place, run)]


def _records(place: Place, run: Run) -> Iterator[Promise]:
    sent = run.sent
    stored: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for store, (record_id, number, domain) in place.rows(NUMBERS):
        stored[int(number)].append((store, record_id, domain))
    acknowledged = len(sent.acknowledged)
    missing = sent.acknowledged - stored.keys()
    yield Promise("every acknowledged record is stored", acknowledged > 0 and not missing,
                  f"{acknowledged:,} acknowledged, {len(missing):,} missing {sorted(missing)[:3] or ''}")  # fmt: skip
    doubled = [n for n, rows in stored.items() if len({record_id for _, record_id, _ in rows}) > 1]
    twice_in_one = [n for n, rows in stored.items() if len({store for store, *_ in rows}) < len(rows)]
    yield Promise("and once", not doubled and not twice_in_one, f"{len({*doubled, *twice_in_one}):,} more than once")
    in_hand = sum(len({store for store, *_ in rows}) > 1 for rows in stored.values())
    taken = sum(window.fault == "store taken away" for window in run.windows)
    yield Promise("in one store file, but for what was in hand when it was taken away", not in_hand or taken > 0,
                  f"{len(place.stores())} files, {in_hand:,} records under the same id in two")  # fmt: skip
    foreign = [n for n, rows in stored.items() if {domain for *_, domain in rows} != {sent.domain_of.get(n)}]
    yield Promise("in its domain, and nothing that was never sent", not foreign, f"{len(foreign):,} others")
    yield Promise("no honest sender is refused for good", not sent.refused, str(dict(sent.refused) or "none"))
    try:
        assert_directory_conserved(place.service.data, "logs")
        yield Promise("counts are conserved", True, "accepted = taken + waiting, enqueued = ended + queued")
    except AssertionError as error:
        yield Promise("counts are conserved", False, str(error)[:400])


def excluded(run: Run) -> list[tuple[float, float]]:
    """Seconds in which latency is not promised: a fault of processes or disk is on, or logboom is not whole again yet."""
    return [(window.began, window.over) for window in run.windows if window.touches]


def clear(run: Run) -> list[Delivery]:
    """Deliveries no part of which falls into an excluded window."""
    windows = excluded(run)
    return [one for one in run.sent.deliveries if not any(_meet(one.began, one.acknowledged, *w) for w in windows)]


def _meet(began: float, ended: float, start: float, end: float) -> bool:
    return began <= end and ended >= start


def p99(deliveries: Sequence[Delivery]) -> float:
    """Seconds; 0 for too few to say."""
    return statistics.quantiles([one.seconds for one in deliveries], n=100)[98] if len(deliveries) > 1 else 0.0


def _speed(run: Run) -> Iterator[Promise]:
    good = clear(run)
    lag = statistics.quantiles(run.watch.lag, n=100)[98]
    worst = max((one.seconds for one in good), default=0.0)
    yield Promise("honest senders' p99 < 1 s while neither processes nor disk are hurt", bool(good) and p99(good) < P99_SECS,
                  f"p99 {p99(good):.3f} s, worst {worst:.2f} s of {len(good):,} requests; this program itself woke up {lag:.3f} s "
                  f"late (p99)", speed=True)  # fmt: skip
    everything = run.sent.deliveries
    longest = max((one.seconds for one in everything), default=0.0)
    yield Promise("(all windows, not promised)", True, f"p99 {p99(everything):.3f} s, worst {longest:.1f} s of "
                  f"{len(everything):,} requests; answers on the way {dict(run.sent.answers.most_common(4))}")  # fmt: skip


def _memory(run: Run) -> Iterator[Promise]:
    for role, peak in sorted(run.watch.peaks.items()):
        yield Promise(
            f"anonymous memory of {role} is bounded", peak < MOST_MIB[role], f"peak {peak} of {MOST_MIB[role]} MiB"
        )


def _health(place: Place, run: Run) -> Iterator[Promise]:
    windows = excluded(run)
    looks = run.watch.looks
    dark = [one for one in looks if one.status != 200 and not any(_meet(one.asked, one.answered, *w) for w in windows)]
    yield Promise("/ready is 200 whenever processes and disk are well", not dark,
                  f"{len(looks):,} looks, {len(dark)} others {_when(run, dark)}")  # fmt: skip
    false = Counter(text for one in looks for text in one.degraded if not _explained(run.windows, one, text))
    yield Promise("health says nothing that no fault explains", not false, str(dict(false) or "nothing"))
    silent = [window.fault for window in run.windows if _unmentioned(run, window)]
    yield Promise("and says what must be said", not silent, str(silent or "always"))
    slow = [window.fault for window in run.windows if window.did["not recovered in time"]]
    yield Promise(
        f"whole again within {RECOVERY_SECS:.0f} s", not slow, str(slow or f"{len(windows)} times"), speed=True
    )
    yield Promise("ready at the end, degraded by nothing, exit 0",
                  run.ended_well and all(SET_ASIDE in text for text in run.degraded_at_end) and run.exit_code == 0,
                  f"{'ready' if run.ended_well else 'not ready'}, {list(run.degraded_at_end)}, exit {run.exit_code}; started again after {dict(place.exits)}")  # fmt: skip


def _explained(windows: Sequence[Window], look: Look, text: str) -> bool:
    """Notes whose text it was."""
    found = False
    for window in windows:
        after = _SET_ASIDE_SECS if SET_ASIDE in text else RECOVERY_SECS
        on = _meet(look.asked, look.answered, window.began, (window.ended or look.answered) + after)
        if on and re.search(CATALOGUE[window.fault].tells, text):
            window.told[re.split("[:;]", text)[0][:50]] += 1
            found = True
    return found


def _unmentioned(run: Run, window: Window) -> bool:
    """A fault that health must tell, that met no other of processes or disk, and was not told until ten seconds after."""
    shows, end = CATALOGUE[window.fault].shows, window.ended + 10
    others = (other for other in run.windows if other.touches and other is not window)
    if not shows or any(_meet(window.began, end, other.began, other.over) for other in others):
        return False
    said = [
        text for one in run.watch.looks if _meet(one.asked, one.answered, window.began, end) for text in one.degraded
    ]
    return not any(re.search(shows, text) for text in said)


def _when(run: Run, looks: Sequence[Look]) -> str:
    return str([f"{one.status} at {one.asked - run.began:.0f} s" for one in looks[:5]]) if looks else ""


def by_fault(run: Run) -> list[dict[str, Any]]:
    """A row for each kind of fault: how often, for how long, what it did, what health said."""
    rows = []
    for name in CATALOGUE:
        windows = [window for window in run.windows if window.fault == name]
        if windows:
            of = run.sent.deliveries if windows[0].touches else clear(run)
            met = [one for one in of if any(_meet(one.began, one.acknowledged, w.began, w.over) for w in windows)]
            rows.append({
                "fault": name, "touches": windows[0].touches, "times": len(windows),
                "seconds": round(sum(w.ended - w.began for w in windows), 1),
                "until whole": round(max(w.over - w.ended for w in windows), 1),
                "p99": round(p99(met), 2),
                "did": dict(sum((w.did for w in windows), Counter())),
                "health said": dict(sum((w.told for w in windows), Counter())),
            })  # fmt: skip
    return rows


def show(found: Sequence[Promise], faults: Sequence[dict[str, Any]]) -> str:
    """Two tables, for people."""
    lines = [f"{'fault':24} {'touches':10} {'times':>5} {'secs':>6} {'whole':>6} {'p99 s':>6}  did; health said"]
    for row in faults:
        lines.append(f"{row['fault']:24} {row['touches'] or '-':10} {row['times']:5} {row['seconds']:6} {row['until whole']:6} "
                     f"{row['p99']:6}  {row['did']}; {row['health said'] or '-'}")  # fmt: skip
    lines += ["", *(f"{'kept  ' if one.kept else 'BROKEN'}  {one.name}: {one.figures}" for one in found)]
    return "\n".join(lines)


def as_json(seed: int, run: Run, found: Sequence[Promise], faults: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The same for machines; `excluded` in seconds from the start."""
    return {
        "seed": seed,
        "promises": [asdict(one) for one in found],
        "faults": list(faults),
        "excluded": [[round(at - run.began, 1) for at in window] for window in excluded(run)],
        "peak_mib": dict(run.watch.peaks),
    }
