"""A sign of life for Splunk: an event in the index `_internal`, as otelcol's exporter sends it."""

from __future__ import annotations

import asyncio
import platform
import socket
import time
from importlib.metadata import version

from collector.batch import LogBatch
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.parts import encoded
from exporters.splunk_hec.sending import Sending

INDEX, SOURCE, SOURCETYPE = "_internal", "logboom", "heartbeat"


class Heart:
    """Beats until it is cancelled. What becomes of a beat is not looked at: its absence is the message."""

    def __init__(self, config: SplunkHecConfig, sending: Sending) -> None:
        self._config = config.model_copy(
            update={
                "format": "otel",
                "routing_attributes": "resource",
                "profiling_data_enabled": True,
                "log_data_enabled": True,
            }
        )
        self._sending = sending

    async def beat_for_ever(self) -> None:
        """By the options."""
        if self._config.heartbeat.startup:
            await self._beat()
        while True:
            await asyncio.sleep(self._config.heartbeat.interval)
            await self._beat()

    async def _beat(self) -> None:
        for part in encoded(self._event(), self._config).parts:
            await self._sending.send(part)

    def _event(self) -> LogBatch:
        keys = self._config.metadata
        belongs = {keys.index: INDEX, keys.source: SOURCE, keys.sourcetype: SOURCETYPE, keys.host: socket.gethostname()}
        text = (
            f"HeartbeatInfo version={version('logboom')} description=logboom "
            f"os={platform.system().lower()} arch={platform.machine()}"
        )
        return LogBatch.of({"time_unix_nano": [time.time_ns()], "body": [text]}, resource=belongs)
