"""The example of delivery's README does what the text says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector.cli.validate import summary
from collector.delivery.shaping import shape_of
from collector.settings import load
from collector.shaping.selection import Selection
from collector.testing.row_batch import Nested, Row, batch_of
from otlp_wire import any_from_python, any_to_python

README = Path(__file__).parents[3] / "collector" / "delivery" / "README.md"


@pytest.fixture
def settings():
    [text] = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    return load([f"yaml:{text}"], environ={"REDACT_KEY": "a key that nobody knows"})


def record(body, domain="shop.example.com", level="warning", severity=13, **attributes):
    """A record after triage."""
    named = attributes.items()
    fields = {"body": body, "domain": domain, "severity_number": severity}
    return Row(
        "id", [("logboom.triage.level", level), *named], [("service.name", "web"), ("os.type", "linux")], fields=fields
    )


RECORDS = {
    "an error": (record("x", severity=17), True),
    "a failed login": (record("Failed login for a"), True),
    "a refused request": (record("x", **{"http.response.status_code": 403}), True),
    "below a wildcard": (record("x", "pay.bank.example.com", "critical", 21), True),
    "a warning about something else": (record("x"), False),
    "an error that triage calls info": (record("x", level="info", severity=17), False),
    "of another domain": (record("x", "other.example.com", severity=17), False),
    "of the wildcard's own name": (record("x", "bank.example.com", severity=17), False),
}


@pytest.mark.parametrize(("row", "kept"), RECORDS.values(), ids=RECORDS)
def test_records(settings, row, kept):
    """What the SIEM of the example gets."""
    select = settings.exporters["otlp_http/siem"].config.select
    assert Selection(select).keep(batch_of([row])).to_list() == [kept]


def test_what_leaves(settings):
    """Attributes that are not allowed are gone, secrets are hashed, card numbers masked."""
    shape = shape_of(settings.exporters["otlp_http/siem"].config)
    assert shape is not None
    attributes = {
        "user.email": "a@b.example",
        "http.route": "/pay",
        "http.request.header.cookie": "c",
        "thread.name": "t",
        "user.data": Nested(any_from_python({"csrf_token": "s3cret", "name": "n"})),
    }
    batch = shape(batch_of([record("card 4111111111111111 of a@b.example", **attributes)]))
    assert batch.column("body").to_list() == ["card **** of ****"]
    assert batch.attributes["key"].to_list() == ["logboom.triage.level", "user.email", "http.route", "user.data"]
    assert batch.resource_attributes["key"].to_list() == ["service.name"]
    assert re.fullmatch("[0-9a-f]{32}", batch.attribute("user.email")[0])
    nested = any_to_python(batch.attributes["any"][3])
    assert re.fullmatch("[0-9a-f]{32}", nested.pop("csrf_token"))
    assert nested == {"name": "n"}


def test_the_other_exporter_gets_everything(settings):
    """And `validate` says what the SIEM does not get, without the key."""
    assert settings.exporters["sqlite"].config.select.everything
    assert shape_of(settings.exporters["sqlite"].config) is None
    lines = {line.split()[0]: line for line in summary(settings) if line.startswith("  ")}
    assert "only levels critical, warning" in lines["otlp_http/siem"]
    assert "only" not in lines["sqlite"]
    assert not any("nobody knows" in line for line in lines.values())
