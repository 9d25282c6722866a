"""Receives nothing: the beginning of a pipeline that is tried out, or written elsewhere."""

from collector.component import Factory, Kind
from collector.receivers.nop.config import NopReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="nop",
    config=NopReceiverConfig,
    behaviour="collector.receivers.nop.receiver:NopReceiver",
    summary="Receives nothing: the beginning of a pipeline that is tried out.",
    differs=(),
)
