"""What metrics say of issues is what is kept of them, whatever happens to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from collector.component import Command, Context
from collector.component.figures import NAME, read
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.issues.config import IssuesConfig
from processors.issues.processor import ID, Issues
from processors.issues.shelf import Shelf

MINUTE, DAY = 60 * 10**9, 86_400 * 10**9
START = 1_800_000_000 * 10**9
LEVELS = ("critical", "warning", "info")
BODIES = tuple(
    f"{what} is {how}" for what in ("disk", "cache", "till", "queue") for how in ("full", "gone", "locked", "late")
)


@dataclass
class Site:
    """A processor and its transaction."""

    options: Mapping[str, Any] = field(default_factory=dict)
    work: FakeWork = field(default_factory=lambda: FakeWork(now_unix_nano=START))
    sent: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.issues = Issues(IssuesConfig(**self.options), Context("issues", Path()))

    def send(self, bodies: list[str], levels: list[str]) -> None:
        """Records of any levels in a batch; those of info belong to no issue."""
        samples = [{"body": body, "severity": "ERROR", "time_unix_nano": self.work.now_unix_nano} for body in bodies]
        batch = batch_of(samples).with_attributes({"logboom.triage.level": pl.Series(levels)})
        found = self.issues.process(batch, self.work)
        if ID in found.derived.columns:
            ids = found.derived.get_column(ID).to_list()
            self.sent.update(level for level, id_ in zip(levels, ids, strict=True) if id_ is not None)

    def command(self, verb: str, id_: str, **said: Any) -> None:
        attributes = {ID: id_, **{f"logboom.issue.{key}": value for key, value in said.items()}}
        command = Command(
            "c", f"logboom.command.issue.{verb}", "default", "anna", "", attributes, self.work.now_unix_nano
        )
        self.issues.command(command, self.work)

    def wait(self, nanos: int) -> None:
        """What is due meanwhile happens."""
        self.work.now_unix_nano += nanos
        while self.work.run_due(self.issues):
            pass

    def kept(self) -> Counter[tuple[str, str]]:
        return Counter((str(each.state), each.level) for each in Shelf(self.work.states["default"]).all())

    def shown(self, name: str) -> dict[tuple[str, ...], int]:
        return {labels: n for labels, n in read(self.work.states["default"].get(NAME)).get(name, {}).items() if n}


@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_those_of_what_is_kept(seed: int) -> None:
    """Made, escalated, resolved, seen again, archived, merged, split, forgotten for want of room: in any order."""
    random, site = Random(seed), Site({"max_issues": 10})
    for _ in range(60):
        bodies = random.choices(BODIES, k=random.randint(1, 4))
        site.send(bodies, random.choices(LEVELS, k=len(bodies)))
        ids = [each.id for each in Shelf(site.work.states["default"]).all()]
        if ids:
            one, other = random.choice(ids), random.choice(ids)
            match random.choice(("resolve", "archive", "unarchive", "merge", "split", "")):
                case "merge":
                    site.command("merge", one, **{"with": other})
                case "split":
                    site.command("split", one, grouping=other)
                case "archive":
                    site.command("archive", one, until="forever")
                case verb if verb:
                    site.command(verb, one)
        site.wait(random.choice((0, MINUTE, 20 * MINUTE, DAY)))
        assert site.shown("issues") == dict(site.kept())
    assert site.shown("issue_events") == {(level,): n for level, n in site.sent.items()}


def test_issues_of_an_older_logboom_are_counted_with_the_next_error() -> None:
    """Their state has no such numbers yet."""
    site = Site()
    site.send(list(BODIES), ["critical"] * len(BODIES))
    before = site.kept()
    site.work.states["default"].delete(NAME)
    site.send([BODIES[0]], ["critical"])
    assert site.shown("issues") == dict(before) == {("new", "critical"): len(BODIES)}
    assert site.shown("issue_events") == {("critical",): 1}
