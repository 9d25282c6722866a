"""What stands in for components that logboom lacks."""

from __future__ import annotations

import pytest

from collector.component import Kind
from collector.registry import default_registry
from collector.settings.equivalents import _HERE


@pytest.mark.parametrize("kind", _HERE)
def test_nothing_stands_in_for_what_there_is(kind: Kind) -> None:
    """A component that was built makes its advice untrue."""
    assert [name for name in _HERE[kind] if default_registry().find(kind, name) is not None] == []
