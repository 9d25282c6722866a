"""Each record has the pattern of its line: one id for what differs only in what varies, the same on every machine."""

from __future__ import annotations

import pytest

from collector.component import Context
from collector.testing.contract import misfits
from collector.testing.text_batch import text_batch
from collector.testing.work import FakeWork
from processors.patterns import FACTORY
from processors.patterns.processor import ID, TEMPLATE

ALIKE = {
    "addresses and ports": ["Connection from 10.0.0.7 port 5041 closed", "Connection from 192.168.11.93 port 80 closed"],
    "ids": [
        "order 5f0c2d4e-99aa-4c1b-8f7e-0a1b2c3d4e5f of user 17 paid",
        "order 0a1b2c3d-beef-4c1b-babe-ffffffffffff of user 9 paid",
    ],
    "hex": ["block deadbeef01 lost at 0x7fae12", "block c0ffee77 lost at 0x1"],
    "paths": ["cannot open /var/lib/app/data.db: denied", "cannot open /tmp/x: denied"],
    "times": ["next run at 2026-11-29T10:00:01.123Z", "next run at 2026-11-30T23:59:59Z"],
    "sizes": ["read 12 KB in 3 ms", "read 1.5 MB in 12 s"],
    "values": ["login user=alice ok=true", "login user=bob ok=false"],
    "colours and containers": ["\x1b[31mlost peer 7\x1b[0m", '{"log":"lost peer 12\\n","stream":"stderr","time":"2026-11-29T10:00:00Z"}'],
}  # fmt: skip


def patterns_of(bodies: list[str], domain: str = "a.com") -> list[tuple[str | None, str | None]]:
    component = FACTORY.create(FACTORY.config(), Context("patterns", None))
    batch = component.process(text_batch(bodies, domain), FakeWork())
    return list(zip(batch.attribute(ID).to_list(), batch.attribute(TEMPLATE).to_list(), strict=True))


def test_it_keeps_the_contract() -> None:
    assert misfits(FACTORY) == []


@pytest.mark.parametrize("bodies", ALIKE.values(), ids=ALIKE)
def test_what_varies_makes_no_difference(bodies: list[str]) -> None:
    one, other = patterns_of(bodies)
    assert one == other
    assert one[0] is not None


def test_different_sentences_are_different_patterns() -> None:
    found = patterns_of(["disk is full", "disk is failing", "disk 7 is full", "", "   "])
    assert len({pattern for pattern, _ in found[:3]}) == 3
    assert found[3:] == [(None, None), (None, None)]
    assert found[0] == (found[0][0], "disk is full")


def test_it_explains_what_the_pattern_was_found_in() -> None:
    component = FACTORY.create(FACTORY.config(), Context("patterns", None))
    [told] = component.explain(text_batch(["disk 7 is full"]))
    assert (told.subject, told.decides, told.details["template"]) == (ID, True, "disk <*> is full")
    assert told.answer == patterns_of(["disk 7 is full"])[0][0]
    assert component.explain(text_batch([""])) == []
