"""Thirty written incidents: a suggestion names the right place to look, and none is wrong with confidence."""

from pathlib import Path

import pytest
import yaml

from collector.causes import Deployed, Known, Resolution, Window, frame, judge, suggest
from collector.causes.suggestion import SURE
from collector.samples import batch_of

INCIDENTS = yaml.safe_load((Path(__file__).parent / "incidents.yaml").read_text())
MINUTE = 60 * 10**9
ONSET = 1_700_000_000 * 10**9
RESOURCE = {
    "service": "service.name",
    "version": "service.version",
    "host": "host.name",
    "zone": "cloud.availability_zone",
}


def records(lines, at):
    """The lines of a minute, spread over it; those with the same `trace` alternate within requests."""
    samples = []
    for line in lines:
        for n in range(line["n"]):
            trace = f"{line['trace']:04x}{at % 997:04x}{n:024x}" if "trace" in line else ""
            samples.append({
                "time_unix_nano": at + n * MINUTE // line["n"], "body": line["body"], "severity": line.get("severity", "INFO"),
                "resource": {key: str(line[name]) for name, key in RESOURCE.items() if name in line},
                "attributes": {f"exception.{name}": line[name] for name in ("type", "message") if name in line},
                "trace_id": trace, "span_id": trace[-16:],
            })  # fmt: skip
    return frame(batch_of(samples))


def suggestions(incident):
    """What is suggested for it."""
    before = records(incident["usual"], ONSET - 5 * MINUTE)
    every = records([*incident["usual"], *incident["fault"]], ONSET)
    said = {line["body"] for line in incident["fault"] if line.get("severity", "INFO") != "INFO"}
    failing = every.get_column("text").str.contains_any(sorted(said))
    deployments = [
        Deployed(one["service"], one["version"], "", ONSET - one["minutes_before"] * MINUTE, marked=True)
        for one in incident.get("deployments", [])
    ]
    cause = judge(Window(ONSET, ONSET + MINUTE), every, failing, before, deployments)
    texts = every.filter(failing).get_column("text").to_list()
    resolved = [Resolution(**incident["resolved"])] if "resolved" in incident else []
    return suggest(Known(incident["fault"][0]["service"], texts, resolved), cause)


def fits(suggestion, place):
    """Whether it is that place: one of several, and where targets are named one of these."""
    places, targets = (
        value if isinstance(value, list) else [value] for value in (place["place"], place.get("target", ""))
    )
    return suggestion.place in places and any(target in suggestion.target for target in targets)


def right(incident):
    """The first suggestion is the expected one; where nothing can be known, nothing is sure."""
    found = suggestions(incident)
    if incident["expected"]["place"] == "none":
        return not any(one.confidence >= SURE for one in found)
    return bool(found) and fits(found[0], incident["expected"])


def test_the_right_place_is_named_in_at_least_24_of_30():
    assert len(INCIDENTS) == 30
    missed = [incident["name"] for incident in INCIDENTS if not right(incident)]
    assert len(missed) <= 6, missed


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident["name"].replace(" ", "-"))
def test_none_is_wrong_with_confidence(incident):
    allowed = [incident["expected"], *incident.get("also", [])]
    sure = [one for one in suggestions(incident) if one.confidence >= SURE]
    assert [one for one in sure if not any(fits(one, place) for place in allowed)] == []
