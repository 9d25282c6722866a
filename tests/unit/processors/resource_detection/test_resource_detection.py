"""What is detected on the resources of records: who wins, what waits, what is tried again."""

from __future__ import annotations

import threading

import pytest
from pydantic import ValidationError

from collector.batch import LogBatch, concat
from collector.component import Context
from collector.testing.contract import misfits
from counterparts.metadata_service import serving
from processors.resource_detection import FACTORY
from processors.resource_detection.config import ResourceDetectionConfig
from processors.resource_detection.detection import Detection
from processors.resource_detection.processor import ResourceDetection
from processors.resource_detection.surroundings import Surroundings

ENV = {"OTEL_RESOURCE_ATTRIBUTES": "host.name=mine,team=shop"}


def processor(tmp_path, environ=ENV, **options):
    config = ResourceDetectionConfig(timeout="30s", **options)
    return ResourceDetection(
        config, Context("resource_detection", tmp_path), Surroundings(environ, timeout=30, root=tmp_path)
    )


def batch():
    return concat(
        [
            LogBatch.of({"body": ["a", "b"]}, resource={"host.name": "theirs"}),
            LogBatch.of({"body": ["c"]}, resource={"x": "1"}),
        ]
    )


def test_the_component_is_whole():
    """As its kind asks."""
    assert misfits(FACTORY) == []


@pytest.mark.parametrize(("override", "names"), [(True, ["mine"] * 3), (False, ["theirs", "theirs", "mine"])])
def test_who_wins(override, names, tmp_path):
    """What was sent stays with `override: false`; other attributes stay either way, and gaps are filled."""
    done = processor(tmp_path, override=override).process(batch(), None)
    assert done.resource_attribute("host.name").to_list() == names
    assert done.resource_attribute("team").to_list() == ["shop"] * 3
    assert done.resource_attribute("x").to_list() == [None, None, "1"]
    assert done.resource_attributes.get_column("owner").is_sorted()


def test_only_the_attributes_that_are_named(tmp_path):
    """The option of earlier Collectors."""
    done = processor(tmp_path, attributes=["team"]).process(batch(), None)
    assert done.resource_attribute("host.name").to_list() == ["theirs", "theirs", None]
    assert done.resource_attribute("team").to_list() == ["shop"] * 3


def test_nothing_found_changes_nothing(tmp_path):
    """The very batch."""
    given = batch()
    assert processor(tmp_path, environ={}).process(given, None) is given


def test_the_first_detector_decides(tmp_path):
    """Of those that find an attribute."""
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=said", "HEROKU_DYNO_ID": "d", "HEROKU_APP_NAME": "app"}
    for order, expected in ((["env", "heroku"], "said"), (["heroku", "env"], "app")):
        config = ResourceDetectionConfig(detectors=order, timeout="30s")
        assert Detection(config, Surroundings(environ, root=tmp_path)).attributes()["service.name"] == expected


def test_what_failed_is_tried_again_and_then_set(tmp_path):
    """In the background, with growing waits; records go on meanwhile."""
    waits, may_go_on, slept = [], threading.Event(), threading.Event()
    with serving({"PUT /latest/api/token": 503}) as (service, address):

        def sleep(secs):
            waits.append(secs)
            if len(waits) == 3:
                slept.set()
                assert may_go_on.wait(60)

        config = ResourceDetectionConfig(detectors=["ec2"], timeout="30s")
        detection = Detection(config, Surroundings({}, f"http://{address}", 30, tmp_path), sleep)
        assert detection.attributes() == {}
        assert slept.wait(60)
        assert waits == [1.0, 2.0, 4.0]
        service.answers |= {
            "PUT /latest/api/token": "t",
            "/latest/dynamic/instance-identity/document": {"region": "eu-west-1"},
        }
        may_go_on.set()
        for thread in threading.enumerate():
            if thread.name == "detect-ec2":
                thread.join(60)
        assert detection.attributes()["cloud.region"] == "eu-west-1"


def test_one_that_takes_long_holds_up_nobody_for_longer_than_the_timeout(tmp_path):
    """What it finds in the end is set then."""
    answered = threading.Event()

    class Slow(dict):
        def get(self, name, default=None):
            assert answered.wait(60)
            return "late=1" if name == "OTEL_RESOURCE_ATTRIBUTES" else default

    detection = Detection(ResourceDetectionConfig(timeout="50ms"), Surroundings(Slow(), root=tmp_path))
    assert detection.attributes() == {}
    answered.set()
    for thread in threading.enumerate():
        if thread.name == "detect-env":
            thread.join(60)
    assert detection.attributes() == {"late": "1"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"detectors": ["hetzner"]}, "the detector hetzner is not available"),
        ({"detectors": []}, "at least 1 item"),
        (
            {"system": {"resource_attributes": {"host.nam": {"enabled": True}}}},
            "host.nam is no attribute of this detector",
        ),
        ({"ec2": {"tags": ["("]}}, "not a regular expression"),
    ],
)
def test_options_that_are_refused(options, said):
    """With what there is instead."""
    with pytest.raises(ValidationError, match=said):
        ResourceDetectionConfig(**options)
