"""`python -m weeks [SEED…] [--false]`: what the processor finds of the incidents of four weeks."""

from __future__ import annotations

import argparse

from weeks.disturbances import DAYS, MINUTES_A_DAY
from weeks.score import score, table
from weeks.simulation import World
from weeks.watching import shown, watched


def main() -> None:
    """One course of the weeks after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=[101])
    parser.add_argument("--false", action="store_true", help="show false pages, and incidents that were not found")
    parser.add_argument("--days", type=int, default=DAYS, help="only so many, and the incidents that end in them")
    given = parser.parse_args()
    for seed in given.seeds:
        world = World(seed)
        done = watched(world, given.days * MINUTES_A_DAY)
        scored = score(world.incidents, done.told, given.days)
        print(
            f"\nseed {seed}: {len(world.series)} series at last, {done.seconds:.0f} s, longest minute {1000 * done.longest:.0f} ms\n"
        )
        print(table(scored))
        if given.false:
            wrong = set(scored.false_pages)
            told = [each for each in done.findings if not each.over]
            for each, found in zip(done.told, told, strict=True):
                if each in wrong:
                    print(f"false: day {each.at // 1440} {each.kind}: {shown(found)}")


main()
