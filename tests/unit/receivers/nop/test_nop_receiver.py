"""The receiver that receives nothing."""

from __future__ import annotations

from collector.component import Context
from collector.receivers.nop import FACTORY
from collector.settings import load
from collector.testing.contract import misfits


def test_it_lives_and_listens_nowhere(tmp_path):
    """From start to end, twice over."""
    assert misfits(FACTORY) == []
    receiver = FACTORY.create(FACTORY.config(), Context("nop", tmp_path))
    receiver.start(None)
    assert (receiver.endpoints(), receiver.gauges(), receiver.silent_secs()) == ({}, {}, 0.0)
    for _ in range(2):
        receiver.stop_intake()
        receiver.shutdown(1.0)


def test_a_pipeline_may_begin_with_it():
    """As in the Collector."""
    text = "yaml:{receivers: {nop: }, exporters: {nop: }, service: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}}"
    settings = load([text], environ={})
    assert list(settings.receivers) == list(settings.exporters) == ["nop"]
