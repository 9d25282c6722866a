"""The options of every exporter: otelcol's defaults and texts, and where ours differ."""

from __future__ import annotations

import random

import pytest

from collector.delivery.backoff import Backoff
from collector.delivery.config import BatchedQueueConfig, DeliveryConfig, QueueConfig, RetryConfig


def test_defaults_are_otelcols_but_for_those_that_lose_data():
    """The three differences are named in the documentation."""
    config = DeliveryConfig()
    assert config.timeout == 5.0
    retry, queue = config.retry_on_failure, config.sending_queue
    assert (retry.enabled, retry.initial_interval, retry.randomization_factor) == (True, 5.0, 0.5)
    assert (retry.multiplier, retry.max_interval, retry.max_elapsed_time) == (1.5, 30.0, 0.0)
    assert (queue.enabled, queue.num_consumers, queue.queue_size, queue.sizer) == (True, 10, 1000, "requests")
    assert (queue.block_on_overflow, queue.batch) == (True, None)
    batch = QueueConfig.model_validate({"batch": {}}).batch
    assert (batch.flush_timeout, batch.min_size, batch.max_size, batch.sizer) == (0.2, 8192, 0, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retry_on_failure": {"randomization_factor": 1.5}}, r"'randomization_factor' must be within \[0, 1\]"),
        ({"retry_on_failure": {"randomization_factor": -0.1}}, r"'randomization_factor' must be within \[0, 1\]"),
        (
            {"retry_on_failure": {"max_elapsed_time": "1s"}},
            "'max_elapsed_time' must not be less than 'initial_interval'",
        ),
        ({"retry_on_failure": {"max_elapsed_time": "10s"}}, "'max_elapsed_time' must not be less than 'max_interval'"),
        ({"retry_on_failure": {"multiplier": -1}}, "multiplier"),
        ({"retry_on_failure": {"initial_interval": "-5s"}}, "not a duration"),
        ({"timeout": 5}, "has no unit"),
        ({"sending_queue": {"num_consumers": 0}}, "`num_consumers` must be positive"),
        ({"sending_queue": {"queue_size": 0}}, "`queue_size` must be positive"),
        ({"sending_queue": {"wait_for_result": True, "storage": "file_storage"}}, "`wait_for_result` is not supported"),
        ({"sending_queue": {"sizer": "parsecs"}}, "sizer"),
        ({"sending_queue": {"batch": {"flush_timeout": "0"}}}, "`flush_timeout` must be positive"),
        ({"sending_queue": {"batch": {"min_size": 10, "max_size": 9}}}, "`max_size` must be greater or equal"),
        ({"sending_queue": {"batch": {"sizer": "requests"}}}, "sizer"),
        ({"sending_queue": {"sizer": "requests", "batch": {}}}, "`batch` supports only `items` or `bytes` sizer"),
        (
            {"sending_queue": {"sizer": "items", "queue_size": 100, "batch": {}}},
            "`min_size` must be less than or equal",
        ),
        ({"sending_queue": {"batch": {"partition": {"keys": ["tenant"]}}}}, "`partition` has `metadata_keys` alone"),
        ({"sending_queue": {"on_full": "panic"}}, "on_full"),
        ({"sending_qeue": {}}, "sending_qeue"),
    ],
)
def test_what_is_refused(options, message):
    """With otelcol's own words where it has some."""
    with pytest.raises(ValueError, match=message):
        DeliveryConfig.model_validate(options)


@pytest.mark.parametrize(
    "options",
    [
        {"retry_on_failure": {"enabled": False, "randomization_factor": 7}},
        {"sending_queue": {"enabled": False, "num_consumers": 0}},
        {"sending_queue": {"batch": {"partition": {"metadata_keys": []}}}},
        {"sending_queue": {"batch": None}},
        {"retry_on_failure": {"max_elapsed_time": "0"}},
        {"timeout": "0"},
    ],
)
def test_what_is_accepted(options):
    """Blocks that are switched off are not checked."""
    DeliveryConfig.model_validate(options)


@pytest.mark.parametrize(
    ("queue", "only", "quota"),
    [
        ({}, True, ("block", 256 << 20)),
        ({}, False, ("spill", 256 << 20)),
        ({"on_full": "drop_oldest"}, True, ("drop_oldest", 256 << 20)),
        ({"on_full": "block"}, False, ("block", 256 << 20)),
        ({"block_on_overflow": False}, True, ("block", 256 << 20)),
        ({"sizer": "bytes", "queue_size": 5_000_000}, True, ("block", 5_000_000)),
        ({"sizer": "bytes", "queue_size": 5_000_000, "max_bytes": "1MiB"}, True, ("block", 1 << 20)),
        ({"queue_size": 7, "max_age": "1h"}, True, ("block", 256 << 20)),
    ],
)
def test_the_quota_that_the_ledger_is_told(queue, only, quota):
    """A pipeline's only exporter blocks, others spill, unless told otherwise."""
    found = DeliveryConfig.model_validate({"sending_queue": queue}).quota(only)
    assert (found.on_full, found.max_bytes) == quota
    assert found.max_age_secs == (3600.0 if "max_age" in queue else 0.0)


def test_the_batch_inherits_the_queues_sizer_only_when_that_is_set():
    """otelcol's rule."""
    assert QueueConfig.model_validate({"batch": {}}).batch_sizer == "items"
    assert QueueConfig.model_validate({"sizer": "bytes", "queue_size": 1 << 20, "batch": {}}).batch_sizer == "bytes"
    assert QueueConfig.model_validate({"sizer": "bytes", "batch": {"sizer": "items"}}).batch_sizer == "items"


def test_backoff_stays_within_its_interval_and_grows_to_the_longest():
    """configretry's arithmetic, and never a busy loop."""
    steady = Backoff(RetryConfig(randomization_factor=0.0), random.Random(1))
    assert [round(steady.next_secs(), 3) for _ in range(7)] == [5.0, 7.5, 11.25, 16.875, 25.312, 30.0, 30.0]
    assert steady.next_secs(floor=100.0) == 100.0
    assert steady.next_secs(floor=float("inf")) == 3600.0
    nothing = Backoff(RetryConfig(initial_interval=0.0, multiplier=0.0), random.Random(1))
    assert nothing.next_secs() > 0
    jittered = Backoff(RetryConfig.model_validate({"max_interval": "5s"}), random.Random(1))
    waits = [jittered.next_secs() for _ in range(500)]
    assert 2.5 <= min(waits) < 3
    assert 7 < max(waits) <= 7.5


@pytest.mark.parametrize(
    "given",
    [{}, {"num_consumers": 2}, {"sizer": "requests"}, {"sizer": "items", "queue_size": 100}, {"sizer": "bytes"}],
)
def test_an_exporters_own_batch_stays_whatever_else_the_queue_says(given):
    """otelcol's other options of the queue neither remove it nor clash with it; only `batch` itself does."""
    queue = BatchedQueueConfig.model_validate(given)
    assert queue.batch is not None
    assert (queue.batch.min_size, queue.batch_sizer) == (8192, "items")
    assert BatchedQueueConfig.model_validate({**given, "batch": None}).batch is None
