"""Fluentd's and Fluent Bit's forward protocol."""

from collector.component import Factory, Kind
from collector.receivers.fluent_forward.config import FluentForwardConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="fluent_forward",
    config=FluentForwardConfig,
    behaviour="collector.receivers.fluent_forward.receiver:FluentForwardReceiver",
    summary="takes what Fluentd, Fluent Bit and Docker's fluentd driver forward",
    stability="beta",
    differs=("a chunk is acknowledged when it is on disk, and taken once however often it comes",),
)
