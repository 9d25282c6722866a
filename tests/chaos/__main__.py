"""`make chaos`: a quarter of an hour of everything that goes wrong, and whether what is promised holds.

    make chaos                       15 minutes, seed of the day
    make chaos MINUTES=5 SEED=7      the same faults at the same seconds again
    PYTHONPATH=tests python -m chaos --list --seed 7      what would happen when

Faults are drawn from a seed: processes killed and stopped, the configuration changed, fsync slow and failing, the disk full, the
clock elsewhere, the store moved away; floods, stalled and endless requests, damaged and dear ones from 127.0.0.66. Beside
them six honest senders (three domains, gRPC and HTTP) number their records and send again what is not answered.

**How to read the account.** The first table has a row for each kind of fault: how often it was on and for how long, the longest time
after it until logboom was `ready` with no process missing ("whole"), p99 of the honest requests that it met (for what
comes from outside: without the windows below), what it did, and what
`degraded` said. The second is the promises: `BROKEN` makes the exit code 1. Records are looked for in all store files there ever were.
One may stand in two of them under one id: inserted, then the file was taken away before delivery knew, so it was inserted again;
in one file, or under two ids, it may not.

**Which windows are apart.** Latency is promised while neither processes nor disk are hurt. Left out of p99 are requests that were
under way at any time between the beginning of a fault that touches `processes` (kill, stop, change of configuration: who answers is
being replaced or stands still) or `disk` (nobody is acknowledged before an fsync that is slow, fails or has no room), and the moment
logboom is whole again, at most 120 s after the end of the last
such fault; then they count, come what may. Clock jumps, stores taken away and all
that hostile senders do are never left out. p99 of everything is told beside it.

**How to repeat a seed.** The same seed, minutes and set of possible faults give the same schedule (the first line tells the
seed); processes meet it at other points each time, so a finding may need several runs. Without a C compiler fsync and clock stay
well, without the right to mount the disk is never full; the account says so. All is written to build/chaos.json; the log of a run that
broke a promise, or was broken off, is kept beside it. SIGTERM, like Ctrl-C, leaves nothing behind: no process, no mount.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from chaos.account import as_json, by_fault, promises, show
from chaos.conductor import play
from chaos.faults import CATALOGUE, possible
from chaos.place import Place
from chaos.schedule import schedule

BUILD = Path("build")


def run(seed: int, minutes: float, rate: float) -> int:
    """0 when all promises were kept."""
    with tempfile.TemporaryDirectory(prefix="logboom-chaos-") as folder, Place(Path(folder)) as place:
        BUILD.mkdir(exist_ok=True)
        well = False
        try:
            faults, left_out = possible(place)
            print(f"seed {seed}, {minutes} minutes", *left_out, sep="\n", flush=True)
            found = play(place, schedule(seed, minutes * 60, faults), minutes * 60, rate)
            kept, rows = promises(place, found), by_fault(found)
            print(show(kept, rows), flush=True)
            (BUILD / "chaos.json").write_text(json.dumps(as_json(seed, found, kept, rows), indent=1))
            well = all(one.kept for one in kept)
        finally:
            if not well:
                shutil.copy(place.service.log, BUILD / "chaos.log")
    return int(not well)


def _leave(number: int, _: object) -> None:
    """Unmount and stop all that was started, as at any end; once."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")))
    parser.add_argument("--rate", type=float, default=400, help="records a second of all honest senders")
    parser.add_argument("--list", action="store_true", help="only show the schedule")
    options = parser.parse_args()
    if options.list:
        for event in schedule(options.seed, options.minutes * 60, CATALOGUE):
            print(f"{event.at:7.1f} s  {event.fault} for {event.seconds} s")
        return
    signal.signal(signal.SIGTERM, _leave)
    sys.exit(run(options.seed, options.minutes, options.rate))


if __name__ == "__main__":
    main()
