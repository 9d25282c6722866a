"""The `kafka` receiver: a thread that reads the group's partitions, and one that hands over what it read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from collector.admission.admission import Admission
from collector.component import Context
from collector.errors import LogboomError
from collector.kafka.client import client_settings, lacking, token_source
from collector.receivers.kafka.config import KafkaReceiverConfig
from collector.receivers.kafka.handing import Handing

if TYPE_CHECKING:
    from collector.receivers.kafka.consuming import Consuming


class KafkaReceiver:
    """Started in one ingest process, when nobody else has its journal: that knows how far partitions were read."""

    per_process = False

    def __init__(self, config: KafkaReceiverConfig, context: Context) -> None:
        self._config, self._context = config, context
        token_source(config, context)
        self._handing = Handing(context.id)
        self._consuming: Consuming | None = None

    def start(self, admission: Admission, *, share_port: bool = False) -> None:  # noqa: ARG002
        """Join the group in the background. Raises LogboomError where the extra is missing, or a file of `tls`; `Unavailable` while
        there is no journal."""
        if lack := lacking():
            raise LogboomError(f"receivers.{self._context.id}: {lack}")
        from collector.receivers.kafka.consuming import Consuming

        connection = partial(client_settings, self._config, self._context)
        connection()
        admission.positions(self._context.id)
        self._handing.start(admission)
        self._consuming = Consuming(self._config, self._context.id, self._handing, admission, connection)
        self._consuming.start()

    def stop_intake(self) -> None:
        """Read nothing any more; what is under way gets its answer."""
        if self._consuming is not None:
            self._consuming.stop()

    def shutdown(self, deadline_secs: float) -> None:
        """Leave the group; safe twice."""
        deadline = time.monotonic() + deadline_secs
        self.stop_intake()
        if self._consuming is not None:
            self._consuming.join(deadline_secs)
        self._handing.end(max(0.0, deadline - time.monotonic()))

    def endpoints(self) -> Mapping[str, str]:
        """It does not listen."""
        return {}

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """Partitions that are ours, and bytes of them that were fetched and wait for the journal."""
        with self._handing.changed:
            ours = list(self._handing.partitions.values())
            waiting = sum(one.waiting_bytes for one in ours)
        return {"kafka": {"partitions": len(ours), "waiting_bytes": waiting}}

    def silent_secs(self) -> float:
        """Since the thread that hands over last went round. The other one waits for brokers, which are no reason to end a process: who
        does not poll is out of the group."""
        return time.monotonic() - self._handing.beat if self._handing.alive else 0.0

    def lacking(self) -> Mapping[str, str]:
        """Topic, partition or the brokers → why nothing comes of it."""
        found = dict(self._consuming.lacking) if self._consuming is not None else {}
        with self._handing.changed:
            refused = {
                f"{one.topic} {one.number}": one.refused for one in self._handing.partitions.values() if one.refused
            }
        return {**found, **refused}
