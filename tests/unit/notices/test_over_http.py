"""The calls themselves, through the real client to a real port: bodies, headers, methods, time limits; nothing of a secret in an error."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from collector.component import Context, Factory
from collector.outcomes import Ok, Retry, Verdict
from counterparts.http_recorder import Answer, HttpRecorder
from counterparts.vendors.notices import made, notice
from exporters import github, slack, sms

SID = "AC" + "0" * 32


def send(factory: Factory[Any], **options: Any) -> Verdict:
    """One notice, start to shutdown."""

    async def main() -> Verdict:
        exporter = factory.create(factory.config.model_validate(options), Context("x", Path()))
        await exporter.start()
        try:
            answer = await exporter.send(exporter.encode_with(made(notice()), {}))
        except Exception as error:  # noqa: BLE001  delivery does the same
            answer = error
        await exporter.shutdown()
        await exporter.shutdown()
        (found,) = exporter.classify(answer)
        return found  # type: ignore[no-any-return]

    return asyncio.run(main())


def test_json_with_a_credential() -> None:
    with HttpRecorder(lambda _: Answer(b'{"ok":true,"channel":"C0","ts":"1.2"}')) as there:
        found = send(slack.FACTORY, token="xoxb-s3cret", channel="C0", endpoint=f"{there.url}/api", compression="gzip")
        looked, asked = there.taken()
    assert (looked.method, looked.path.partition("?")[0]) == ("GET", "/api/conversations.history")
    assert isinstance(found, Ok)
    assert (asked.method, asked.path) == ("POST", "/api/chat.postMessage")
    assert asked.headers["authorization"] == "Bearer xoxb-s3cret"
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(asked.body)["channel"] == "C0"
    assert b"1.2" in (next(iter(found.receipts.values())) or b"")


def test_a_form() -> None:
    with HttpRecorder(lambda _: Answer(b'{"sid":"SM1"}', 201)) as there:
        found = send(
            sms.FACTORY,
            account_sid=SID,
            auth_token="t",
            sender="+15005550006",
            to=["+4915112345678"],
            endpoint=there.url,
        )
        (asked,) = there.taken()
    assert isinstance(found, Ok)
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.body.startswith(b"To=%2B4915112345678&From=%2B15005550006&Body=CRITICAL")


def test_what_is_looked_for_has_no_body() -> None:
    """A found issue needs no other call: it was made for this very message."""
    issue = b'[{"number":7,"state":"open"}]'
    with HttpRecorder(lambda _: Answer(issue)) as there:
        found = send(github.FACTORY, token="t", repository="a/b", endpoint=there.url)
        (asked,) = there.taken()
    assert isinstance(found, Ok)
    assert (asked.method, asked.body) == ("GET", b"")
    assert asked.path == "/repos/a/b/issues?labels=logboom-0123456789abcdef&state=all&per_page=1"


def test_a_call_has_a_time_limit() -> None:
    def slowly(_: Any) -> Answer:
        time.sleep(0.5)
        return Answer(b"ok")

    with HttpRecorder(slowly) as there:
        found = send(slack.FACTORY, url=f"{there.url}/services/s3cret", timeout="50ms")
    assert found == Retry("no answer within the timeout", throttled=True)


def test_nobody_there() -> None:
    with HttpRecorder(lambda _: Answer(b"ok")) as there:
        url = there.url
    found = send(slack.FACTORY, url=f"{url}/services/s3cret")
    assert isinstance(found, Retry)
    assert "s3cret" not in found.reason
    assert "connection refused" in found.reason
