"""No exporter of notices without the list of hostile texts: each renders all of it in its own tests. What takes JSON gets it as it is."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from collector.component import Kind
from collector.delivery.notice_options import NoticeOptions
from collector.registry import default_registry
from counterparts.vendors.hostile import HOSTILE, hostile
from exporters.webhook.alertmanager import body_of

TESTS = Path(__file__).parents[1] / "exporters"
TELL = sorted(one.name for one in default_registry().factories(Kind.EXPORTER) if issubclass(one.config, NoticeOptions))


@pytest.mark.parametrize("name", TELL)
def test_each_exporter_meets_all_of_it(name: str) -> None:
    tests = "".join(path.read_text() for path in (TESTS / name).rglob("test_*.py"))
    assert "hostile(text)" in tests, f"tests of {name} do not render counterparts/vendors/hostile.py"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_webhook_gets_data(text: str) -> None:
    """Nothing of it becomes a field."""
    found = orjson.loads(body_of(hostile(text)))
    plain = orjson.loads(body_of(hostile("plain")))
    assert found.keys() == plain.keys()
    assert found["alerts"][0]["annotations"]["summary"] == text
    assert found["status"] == "firing"
