"""config/siem.yaml as shipped: no secret leaves under the names and in the texts in which OpenTelemetry writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.delivery.shaping import shape_of
from collector.settings import load
from collector.testing.row_batch import Nested, Row, batch_of
from otlp_wire import any_from_python

FILE = Path(__file__).parents[3] / "config" / "siem.yaml"
ENVIRONMENT = {
    "SPLUNK_HEC_ENDPOINT": "https://splunk.example.com:8088",
    "SPLUNK_HEC_TOKEN": "a-token",
    "SYSLOG_HOST": "qradar.example.com",
    "REDACT_KEY": "a key that nobody knows",
}
SECRET = "hunter2hunter2"
NAMES = (
    "authorization", "Authorization", "http.request.header.authorization", "proxy-authorization", "Cookie",
    "http.request.header.cookie", "http.response.header.set-cookie", "db.password", "session_token", "aws.secret_access_key",
    "x-api-key", "http.request.header.x-api-key", "api_key", "apiKey", "user.email", "enduser.id",
)  # fmt: skip
TEXTS = {
    "a header": (f"Authorization: Bearer {SECRET} refused", "**** refused"),
    "a command line": (f'curl -H "authorization: Basic {SECRET}==" https://x', 'curl -H "****" https://x'),
    "a token alone": (f"sent Bearer {SECRET} to pay", "sent **** to pay"),
    "a query": (f"GET /login?token={SECRET}&next=1", "GET /login?****&next=1"),
    "key=value": (f"user=bob password={SECRET}, again", "user=bob ****, again"),
    "JSON": (f'{{"user": "bob", "password": "{SECRET}"}}', '{"user": "bob", "****"}'),
    "a mail address": ("failed login for bob@example.com", "failed login for ****"),
    "plain words": ("basic authentication failed for the bearer of news", "basic authentication failed for the bearer of news"),
}  # fmt: skip


@pytest.fixture(params=["splunk_hec", "syslog/qradar"])
def shape(request):
    made = shape_of(load([str(FILE)], environ=ENVIRONMENT).exporters[request.param].config)
    assert made is not None
    return made


@pytest.mark.parametrize("name", NAMES)
def test_names(shape, name):
    """On records, on resources and inside maps, as text or as a list."""
    nested, listed = Nested(any_from_python({name: SECRET})), Nested(any_from_python([SECRET]))
    shaped = shape(batch_of([Row("id", [(name, listed), ("request", nested)], [(name, SECRET)])]))
    left = [*shaped.attributes.to_dicts(), *shaped.resource_attributes.to_dicts()]
    assert {row["key"] for row in left} == {name, "request"}
    assert SECRET not in str(left)


@pytest.mark.parametrize(("said", "left"), TEXTS.values(), ids=TEXTS)
def test_texts(shape, said, left):
    """What stands around a secret stays readable."""
    shaped = shape(batch_of([Row("id", fields={"body": said})]))
    assert shaped.column("body").to_list() == [left]
