"""What stands in for components that logboom lacks."""

from __future__ import annotations

import pytest

from collector.component import Kind
from collector.errors import ConfigError
from collector.registry import default_registry
from collector.settings import load
from collector.settings.equivalents import _HERE


@pytest.mark.parametrize("kind", _HERE)
def test_nothing_stands_in_for_what_there_is(kind: Kind) -> None:
    """A component that was built makes its advice untrue."""
    assert [name for name in _HERE[kind] if default_registry().find(kind, name) is not None] == []


def test_a_name_that_the_collector_has_is_no_slip_of_the_pen() -> None:
    """However near another one is: `googlecloud` does something else."""
    text = "{exporters: {googlecloudpubsub: {}}, receivers: {nop: {}}, service: {pipelines: {logs: {receivers: [nop], exporters: [googlecloudpubsub]}}}}"
    with pytest.raises(ConfigError) as refused:
        load([f"yaml:{text}"])
    hints = [problem.hint for problem in refused.value.problems]
    assert len(hints) == 1
    assert hints[0].startswith("the OpenTelemetry Collector has it, logboom does not\nknown exporters: ")
