"""Which backend a record belongs to: the ring, the keys, and what the answers of several backends mean together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.testing.row_batch import Nested, Row, batch_of
from exporters.load_balancing.answers import Answered, verdicts
from exporters.load_balancing.config import LoadBalancingConfig
from exporters.load_balancing.keys import keys
from exporters.load_balancing.ring import HashRing
from otlp_wire import any_from_python

GOLDEN = json.loads((Path(__file__).parents[3] / "golden" / "otelcol" / "load_balancing" / "ring.json").read_text())
"""What the ring of the Collector's release 0.158 says, by its own code."""
BACKENDS = {"resolver": {"static": {"hostnames": ["a:1", "b:2"]}}}


@pytest.mark.parametrize("ring", GOLDEN["rings"], ids=lambda ring: f"{len(ring['endpoints'])} backends")
def test_the_ring_is_the_collectors(ring):
    """The same points, and the same backend for each key, in whatever order backends are named."""
    ours = HashRing(reversed(ring["endpoints"]))
    assert len(ours) == ring["positions"]
    assert ours.find(GOLDEN["keys"]) == ring["found"]


def test_without_a_backend_only_its_keys_move():
    """And all that go elsewhere were its own."""
    names = [f"b{number}" for number in range(5)]
    before, after = (HashRing(each).find(GOLDEN["keys"]) for each in (names, names[1:]))
    assert {old for old, new in zip(before, after, strict=True) if old != new} == {"b0"}
    assert "b0" not in after


RESOURCE, SCOPE, OWN = (
    [("a", "r"), ("b", 1)],
    ("", "", [("a", "s"), ("c", True)]),
    [("a", "x"), ("d", Nested(any_from_python([1])))],
)
KEYS = {
    "service": ({}, "web"),
    "traceID": ({"routing_key": "traceID"}, "01" * 16),
    "resource": ({"routing_key": "resource"}, ',"a":"r","b":1,"service.name":"web"'),
    "attributes": (
        {"routing_key": "attributes", "routing_attributes": ["d", "c", "a", "none", "log.severity", "b", "log.body"]},
        "a=r|b=1|c=true|d=[1]|none=|log.severity=WARN|log.body=text|",
    ),
}


@pytest.mark.parametrize("case", KEYS)
def test_keys(case):
    """As the Collector writes them: what the resource has comes first, then the scope's, then the record's."""
    given, wanted = KEYS[case]
    fields = {"trace_id": b"\1" * 16, "severity_text": "WARN"}
    row = Row("0", OWN, [*RESOURCE, ("service.name", "web")], SCOPE, fields=fields)
    other = Row("1", (), [("service.name", "web"), *reversed(RESOURCE)], fields=fields)
    found = keys(batch_of([row, other]), LoadBalancingConfig.model_validate({**BACKENDS, **given})).to_list()
    assert found[0] == wanted
    assert (found[1] == wanted) == (case != "attributes")


def test_what_has_no_key():
    """Without a service all are one; without a trace each goes anywhere."""
    batch = batch_of([Row("0"), Row("1", (), [("service.name", 7)])])
    assert keys(batch, LoadBalancingConfig.model_validate(BACKENDS)).to_list() == ["", ""]
    assert keys(batch, LoadBalancingConfig.model_validate({**BACKENDS, "routing_key": "traceID"})).n_unique() == 2


def answered(verdict, *rows, elsewhere=True):
    return Answered("a:1", verdict, np.array(rows, dtype=np.uint32), elsewhere)


def told(found):
    return [
        (type(one), one.reason, None if getattr(one, "items", None) is None else one.items.tolist())
        for one in found
        if one != Ok()
    ]


UNAVAILABLE = Retry("UNAVAILABLE: gone", throttled=True)
TOGETHER = {
    "all taken": ([answered(Ok(), 0), answered(Ok(), 1)], []),
    "one is away": ([answered(Ok(), 0), answered(UNAVAILABLE, 1, 2)], [(Retry, "a:1: UNAVAILABLE: gone", [1, 2])]),
    "one refuses all": ([answered(Ok(), 0), answered(Blocked("no"), 1)], [(Retry, "a:1: no", [1])]),
    "all refuse all": (
        [answered(Blocked("no"), 0, elsewhere=False), answered(Blocked("no"), 1, elsewhere=False)], [(Blocked, "no", None)]),
    "one record of one": ([answered(Ok(), 0), answered(Split("bad"), 1, 2)], [(Retry, "a:1: bad", [1, 2])]),
    "rejected": ([answered(Ok(), 0), answered(Reject("never"), 1)], [(Reject, "a:1: never", [1])]),
    "alone, to blame": ([answered(Split("bad"), 0, 1)], [(Split, "bad", None)]),
    "alone, refused, others are there": ([answered(Blocked("no"), 0)], [(Retry, "a:1: no", None)]),
    "alone, refused, nobody else": ([answered(Blocked("no"), 0, elsewhere=False)], [(Blocked, "no", None)]),
}  # fmt: skip


@pytest.mark.parametrize("case", TOGETHER)
def test_answers_together(case):
    """Each for its own records."""
    answers, wanted = TOGETHER[case]
    assert told(verdicts(answers)) == wanted


def test_one_that_is_away_slows_the_others_down_only_where_it_is_needed():
    """`throttled` takes requests from under way: not for a backend that others stand in for."""
    for elsewhere in (True, False):
        (found,) = verdicts([answered(UNAVAILABLE, 0, elsewhere=elsewhere)])
        assert found.throttled is not elsewhere


WRONG = {
    "no backend": ({"resolver": {"static": {"hostnames": []}}}, "hostnames"),
    "no resolver": ({"resolver": {}}, "exactly one of [static, dns, k8s]"),
    "two": (
        {"resolver": {"static": {"hostnames": ["a"]}, "dns": {"hostname": "b"}}},
        "exactly one of [static, dns, k8s]",
    ),
    "half a name of a service": ({"resolver": {"k8s": {"service": "a.b.svc"}}}, "service"),
    "a token in the clear": ({"resolver": {"k8s": {"service": "a.b", "endpoint": "http://h"}}}, "use https://"),
    "Cloud Map": ({"resolver": {"aws_cloud_map": {"namespace": "a"}}}, "aws_cloud_map is not there"),
    "no port": ({"resolver": {"static": {"hostnames": ["a:b"]}}}, 'invalid port "b"'),
    "a key of metrics": ({**BACKENDS, "routing_key": "metric"}, "routing_key"),
    "attributes without names": ({**BACKENDS, "routing_key": "attributes"}, "needs `routing_attributes`"),
    "names without attributes": ({**BACKENDS, "routing_attributes": ["a"]}, "with `routing_key: attributes` alone"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(case):
    given, said = WRONG[case]
    with pytest.raises(ValidationError) as caught:
        LoadBalancingConfig.model_validate(given)
    assert said in str(caught.value)


def test_where_it_goes():
    """All of a list; of a name its port. What the Collector writes below `otlp:` is taken."""
    listed = {"resolver": {"static": {"hostnames": ["a", "b:1", "[::1]"]}}, "protocol": {"otlp": None}}
    assert LoadBalancingConfig.model_validate(listed).destination() == "a:4317, b:1, [::1]:4317"
    otlp = {
        "endpoint": "placeholder:1",
        "tls": {"insecure": True},
        "sending_queue": {"enabled": False},
        "timeout": "1s",
    }
    named = LoadBalancingConfig.model_validate(
        {"resolver": {"dns": {"hostname": "otel", "port": 4318}}, "protocol": {"otlp": otlp}}
    )
    assert named.destination() == "otel:4318 (in the clear)"
    assert named.client("10.0.0.1").target == "10.0.0.1:4317"
