"""What an issue is concentrated in, by bounded counts of what all records came from lately."""

import pytest

from collector.causes.recent import Recent

MINUTE = 60 * 10**9
START = 1_800_000_000 * 10**9


def recent(*said):
    """`(minute, version, host, records)` each."""
    found = Recent()
    for minute, version, host, records in said:
        found.add(version, host, records, START + minute * MINUTE)
    return Recent.decoded(found.encoded())


ROLLING = [(0, "1.0", "a", 500), (20, "1.0", "a", 300), (21, "1.1", "b", 100)]


def test_a_version_that_was_first_seen_while_another_ran_is_a_deployment():
    found = recent(*ROLLING).findings("shop", "prod", START + 24 * MINUTE, {"1.1": 40, "1.0": 1}, {})
    assert found[0].sentence == "98 % of 41 events are from shop 1.1 (first seen 3 min before; 11 % of traffic)"
    assert found[0].confidence > 0.9


@pytest.mark.parametrize(
    ("minute", "versions"),
    [(24, {"1.0": 30, "1.1": 4}), (60, {"1.1": 40}), (15, {"1.1": 40}), (24, {}), (24, {"1.0": 40})],
    ids=["in both alike", "long after", "before", "none says one", "in the old one"],
)
def test_no_other_fault_is_laid_at_its_door(minute, versions):
    found = recent(*ROLLING).findings("shop", "prod", START + minute * MINUTE, versions, {})
    assert [one for one in found if one.confidence >= 0.5] == []


def test_a_deployment_that_somebody_told_of_counts_where_records_say_no_version():
    found = Recent()
    found.add("", "a", 100, START)
    found.mark("2.0", START + 5 * MINUTE)
    told = found.findings("shop", "prod", START + 6 * MINUTE, {}, {"a": 9})
    assert told[0].subject["service.version"] == "2.0"
    assert told[0].confidence < 0.5


def test_a_host_that_has_nearly_all_of_it_is_told():
    found = recent(*((0, "1", host, 100) for host in "abcd")).findings("shop", "prod", START, {"1": 40}, {"c": 40})
    assert found[0].sentence == "100 % of 40 events are from host.name c (25 % of all records)"


def test_it_stays_small_whatever_comes():
    found = recent(*((n, f"v{n}", f"h{n % 90}", 1) for n in range(2000)))
    assert len(found.encoded()) < 4000
    assert found.since["v1999"] == START + 1999 * MINUTE


def test_what_another_version_of_logboom_wrote_begins_anew():
    assert Recent.decoded(b'{"format": 99}') == Recent()
    assert Recent.decoded(None) == Recent()
