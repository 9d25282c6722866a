"""The short form of `make chaos`: a minute of faults, the same in each run; every promise but that of speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.account import promises
from chaos.conductor import play
from chaos.faults import CATALOGUE, possible
from chaos.place import Place
from chaos.schedule import schedule

KINDS = {
    "kill ingest", "kill worker", "kill all", "slow fsync", "failing fsync", "full disk", "clock jumps", "store taken away",
    "stalled streams", "declared bytes", "damaged requests",
}  # fmt: skip
SEED, SECONDS, RATE = 16, 60.0, 200.0

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def test_what_is_promised_holds_while_everything_goes_wrong(tmp_path: Path) -> None:
    """What this machine can't do (no compiler, no right to mount) is left out, the rest has to hold."""
    with Place(tmp_path) as place:
        faults = {name: fault for name, fault in possible(place)[0].items() if name in KINDS}
        run = play(place, schedule(SEED, SECONDS, faults), SECONDS, RATE)
        broken = [f"{one.name}: {one.figures}" for one in promises(place, run) if not one.kept and not one.speed]
        log = place.service.log.read_text()[-3000:]
    assert not broken, "\n".join([*broken, log])


def test_a_seed_is_a_schedule() -> None:
    """The same seed, the same faults at the same seconds; all kinds come up in the long run."""
    once = schedule(3, 900, CATALOGUE)
    assert once == schedule(3, 900, CATALOGUE)
    assert once != schedule(4, 900, CATALOGUE)
    assert {event.fault for event in once} == CATALOGUE.keys()
