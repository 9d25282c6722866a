"""Batches to CloudWatch Logs: one `PutLogEvents` for each request, which are of one stream and one day each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch
from collector.component import Context
from collector.errors import LogboomError
from collector.outcomes import Split, Verdicts
from collector.transport.aws.signer import Signer
from collector.transport.http_answers import NotSent
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.awscloudwatchlogs.answers import error_of, verdicts
from exporters.awscloudwatchlogs.config import EVENTS, AwsCloudWatchLogsConfig
from exporters.awscloudwatchlogs.events import Events, events, head
from exporters.awscloudwatchlogs.streams import keys, streams

_MOST_BYTES = 1 << 20
_MISSING, _THERE = "ResourceNotFoundException", "ResourceAlreadyExistsException"
_NOTHING = HttpAnswer(200, {"Content-Type": "application/json"}, b"{}")


@dataclass(frozen=True, slots=True)
class Call:
    """The events of a stream, and the body that they stand in."""

    group: str
    stream: str
    events: Events
    content: bytes


class Answered(NamedTuple):
    """What a call came to."""

    answer: HttpAnswer
    events: Events


class AwsCloudWatchLogsExporter:
    """Translates between batches and calls. What is sent again after an answer that got lost stands there twice: events have no ids."""

    def __init__(self, config: AwsCloudWatchLogsConfig, context: Context) -> None:
        self._config = config
        self._id = context.id
        self._client = HttpClient(config.client, authenticator=Signer(config.place, "logs", config.role))
        self._young: set[str] = set()
        """Groups that were made, and not all was said of them."""

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet. Raises LogboomError where no region is known."""
        if not self._config.place:
            raise LogboomError(f"exporters.{self._id}: write `region`, or AWS_REGION")
        await self._client.start()

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """Stream and day."""
        return keys(batch, self._config)

    def encode(self, batch: LogBatch) -> Call:
        """The batch, which is of one stream, as one call."""
        found = events(batch, self._config.raw_log)
        names = streams(batch.slice(0, 1), self._config)
        group, stream = (str(name[0]) if len(batch) else "" for name in names)
        return Call(group, stream, found, head(group, stream) + found.content + b"}")

    async def send(self, request: Call) -> Answered:
        """One call; the stream is made where there is none. Raises NotSent when the call holds more than one may."""
        found = request.events
        if found.size_bytes > _MOST_BYTES or len(found.order) > EVENTS:
            raise NotSent(
                Split(
                    f"{len(found.order)} events of {found.size_bytes} bytes: a call takes {EVENTS} of {_MOST_BYTES}",
                    too_large=True,
                )
            )
        if not len(found.order):
            return Answered(_NOTHING, found)
        answer = await self._ask("PutLogEvents", request.content)
        if error_of(answer)[0] == _MISSING:
            refused = await self._make(request)
            answer = refused or await self._ask("PutLogEvents", request.content)
        return Answered(answer, found)

    def classify(self, answer: Answered | Exception) -> Verdicts:
        """By what CloudWatch Logs says about events, else by HTTP's table."""
        if isinstance(answer, Exception):
            none = np.empty(0, np.uint32)
            return verdicts(answer, none, none)
        return verdicts(answer.answer, answer.events.order, answer.events.empty)

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _make(self, call: Call) -> HttpAnswer | None:
        """The stream, and its group where there is none; what was refused, if anything was."""
        stream = {"logGroupName": call.group, "logStreamName": call.stream}
        if call.group not in self._young:
            answer = await self._made("CreateLogStream", stream)
            if answer is None or error_of(answer)[0] != _MISSING:
                return answer
            tags = {"tags": self._config.tags} if self._config.tags else {}
            answer = await self._made("CreateLogGroup", {"logGroupName": call.group, **tags})
            if answer is not None:
                return answer
            self._young.add(call.group)
        answer = await self._keep(call.group) or await self._made("CreateLogStream", stream)
        if answer is None:
            self._young.discard(call.group)
        return answer

    async def _keep(self, group: str) -> HttpAnswer | None:
        """For how long; without it events would stay, and cost, for ever."""
        if not self._config.log_retention:
            return None
        kept = {"logGroupName": group, "retentionInDays": self._config.log_retention}
        return await self._made("PutRetentionPolicy", kept)

    async def _made(self, operation: str, what: Mapping[str, Any]) -> HttpAnswer | None:
        """None where it is there now; else the answer."""
        answer = await self._ask(operation, orjson.dumps(what))
        return None if answer.status == 200 or error_of(answer)[0] == _THERE else answer

    async def _ask(self, operation: str, body: bytes) -> HttpAnswer:
        headers = {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}",
            "x-amzn-logs-format": "json/emf",
        }  # fmt: skip
        return await self._client.post(self._config.url, body, headers)
