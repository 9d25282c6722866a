"""Records written by hand."""

from __future__ import annotations

from collector.samples import batch_of, one_record


def test_the_batch_that_warms_up_is_the_one_that_a_sample_would_be() -> None:
    """A body, a severity, an attribute and a resource; ids and the time of receipt are of their own moment."""
    written = batch_of([{"body": "GET /ready", "severity": "INFO", "attributes": {"n": 1}, "resource": {"a": "b"}}])
    made = one_record()
    of_the_moment = ("record_id", "observed_time_unix_nano")
    assert made.records.drop(of_the_moment).equals(written.records.drop(of_the_moment))
    assert made.attributes.equals(written.attributes)
    assert made.resource_attributes.equals(written.resource_attributes)
