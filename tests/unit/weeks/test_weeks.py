"""The simulated weeks: the same for the same seed, and a score that tells what was found from what was not."""

from itertools import islice, pairwise

import numpy as np
import pytest

from weeks.disturbances import clocks
from weeks.incidents import AMPLITUDES, APART, Incident
from weeks.score import Told, score
from weeks.simulation import World


def test_the_same_seed_gives_the_same_minutes():
    first, second = (list(islice(World(7).minutes(), 30)) for _ in range(2))
    assert [minute.counts.tolist() for minute in first] == [minute.counts.tolist() for minute in second]
    assert [minute.numbers for minute in first] == [minute.numbers for minute in second]
    assert first[0].counts.tolist() != next(World(8).minutes()).counts.tolist()


def test_sixty_incidents_apart_from_each_other():
    incidents = World(3).incidents
    assert len(incidents) == 60
    assert {kind: sum(each.kind == kind for each in incidents) for kind in AMPLITUDES} == dict.fromkeys(AMPLITUDES, 6)
    for service in {each.service for each in incidents}:
        mine = [each for each in incidents if each.service == service]
        assert all(later.start - earlier.end >= APART for earlier, later in pairwise(mine))


def test_a_wrong_clock_is_wrong_for_its_time_and_its_service():
    assert np.flatnonzero(clocks("mail")).tolist() == list(range(7 * 1440 + 840, 7 * 1440 + 860))
    assert not clocks("shop").any()


SPIKE = Incident("spike", 10, 5000, 5020, 5000, "shop", series=[4])


@pytest.mark.parametrize(
    ("told", "found", "false"),
    [
        pytest.param(Told(5003, "spike", "shop", ("series", 4), True), 1, 0, id="its subject"),
        pytest.param(Told(5003, "spike", "shop", ("service", 0), True), 1, 0, id="its service"),
        pytest.param(Told(5003, "spike", "shop", ("series", 5), True), 0, 0, id="beside it"),
        pytest.param(Told(5003, "spike", "shop", ("series", 4), False), 0, 0, id="no page"),
        pytest.param(Told(4000, "spike", "shop", ("series", 4), True), 0, 1, id="before it"),
        pytest.param(Told(5003, "spike", "cart", ("series", 40), True), 0, 1, id="elsewhere"),
    ],
)
def test_the_score_tells_what_was_found(told, found, false):
    scored = score([SPIKE], [told])
    assert (scored.rows["spike"].found, len(scored.false_pages)) == (found, false)
    assert scored.recall == found


def test_delays_count_from_the_begin_of_the_incident():
    told = [Told(5000 + after, "spike", "shop", ("series", 4), True) for after in (9, 4)]
    assert score([SPIKE], told).rows["spike"].delays == (4,)
    assert np.isclose(score([SPIKE], []).false_a_day, 0)
