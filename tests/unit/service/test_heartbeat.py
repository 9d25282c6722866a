"""How often a child says that it lives."""

from __future__ import annotations

import pytest

from collector.service.channel import Report
from collector.service.child import BEAT_SECS, REST_BEAT_SECS, START_BEAT_SECS, _pause_secs
from collector.service.process import SILENCE_SECS

READY = Report("ready", stats={"requests": {"accepted": 7}})


@pytest.mark.parametrize(
    ("report", "before", "rests", "pause"),
    [
        (READY, Report("ready", stats={"requests": {"accepted": 7}}), True, REST_BEAT_SECS),
        (READY, READY, False, BEAT_SECS),
        (READY, Report("ready", stats={"requests": {"accepted": 6}}), True, BEAT_SECS),
        (READY, None, True, BEAT_SECS),
        (None, None, True, BEAT_SECS),
        (Report("standby"), Report("standby"), True, START_BEAT_SECS),
    ],
    ids=["the same again", "who does not rest", "something happened", "the first", "its loop hangs", "not ready"],
)
def test_who_says_the_same_again_says_it_less_often(
    report: Report | None, before: Report | None, rests: bool, pause: float
) -> None:
    assert _pause_secs(report, before, rests) == pause


def test_several_heartbeats_may_be_missed_at_rest() -> None:
    assert REST_BEAT_SECS * 4 <= SILENCE_SECS
