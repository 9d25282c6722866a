"""Notifications as calls: Alertmanager's body, one for a group, signed so that whoever receives it can tell."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from pathlib import Path

import orjson
import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.notices import NOTIFICATION, Alert, Notice, batch_of, notices_of
from counterparts.http_recorder import Answer, HttpRecorder
from exporters.webhook import FACTORY
from exporters.webhook.exporter import HttpExporter

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
ALERT = Alert(
    "f1",
    "firing",
    {"service": "shop", "level": "critical"},
    {"summary": "boom"},
    "2026-01-01T00:00:00Z",
    "",
    3,
    ("boom",),
)


def notice(sequence: int = 1, status: str = "firing", **more: object) -> Notice:
    given = {
        "group": "g" * 32, "exporter": "webhook", "receiver": "ops", "reason": "first notification", "level": "critical",
        "started": 5, "count": 3, "labels": {"domain": "a.com"}, "alerts": [ALERT], "text": "CRITICAL: boom", **more,
    }  # fmt: skip
    return Notice(sequence=sequence, status=status, **given)  # type: ignore[arg-type]


def made(*notices: Notice) -> LogBatch:
    """As delivery gives them: events, with ids."""
    batch = batch_of(notices, 9)
    count = len(notices)
    return LogBatch(**{**{name: getattr(batch, name) for name in LogBatch.__slots__}, "records": batch.records.with_columns(
        pl.Series("generation", [1] * count, dtype=pl.UInt8), pl.Series("event_name", [NOTIFICATION] * count),
        pl.Series("record_id", [f"id{n.sequence}" for n in notices]),
    )})  # fmt: skip


def exporter(url: str, **options: object) -> HttpExporter:
    found: HttpExporter = FACTORY.create(
        FACTORY.config.model_validate({"endpoint": url, **options}), Context("webhook", Path())
    )
    return found


async def called(one: HttpExporter, batch: LogBatch) -> None:
    await one.start()
    answer = await one.send(one.encode(batch))
    await one.shutdown()
    assert [type(verdict).__name__ for verdict in one.classify(answer)] == ["Ok"]


def test_there_and_back() -> None:
    """What is written into a batch is read out of it."""
    (read,) = notices_of(made(notice(flapped=2, truncated=1)))
    assert read == notice(flapped=2, truncated=1, id="id1", at=9)
    assert notices_of(batch_of([notice()], 9)) == []  # nobody made it: what is sent is no notice


def test_a_call_is_what_alertmanager_calls_with() -> None:
    """The newest word about the group, uncompressed, signed."""
    with HttpRecorder(lambda _: Answer()) as recorder:
        asyncio.run(
            called(exporter(recorder.url, signing_secrets=[SECRET]), made(notice(), notice(7, "resolved"), notice(3)))
        )
        (call,) = recorder.taken()
    body = orjson.loads(call.body)
    assert (body["version"], body["status"], body["receiver"], body["groupKey"]) == ("4", "resolved", "ops", "g" * 32)
    assert set(body) >= {"truncatedAlerts", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "alerts"}
    assert body["alerts"][0] == {
        "status": "firing", "labels": dict(ALERT.labels), "annotations": {"summary": "boom"}, "startsAt": ALERT.starts,
        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "f1", "count": 3, "samples": ["boom"],
    }  # fmt: skip
    assert body["commonLabels"] == dict(ALERT.labels)
    assert (call.headers["content-type"], call.headers["webhook-id"]) == ("application/json", "id7")
    assert "content-encoding" not in call.headers
    said = b".".join([b"id7", call.headers["webhook-timestamp"].encode(), call.body])
    expected = base64.b64encode(hmac.digest(b"k" * 24, said, hashlib.sha256)).decode()
    assert call.headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("secret", ["hunter2", "whsec_AAAA", "whsec_ä"])
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="a secret is whsec_ and base64") as refused:
        FACTORY.config.model_validate({"endpoint": "http://127.0.0.1:1", "signing_secrets": [secret]})
    assert secret not in str(refused.value).split("[type=")[0]
