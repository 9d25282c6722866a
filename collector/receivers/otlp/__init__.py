"""OTLP over gRPC and HTTP."""

from collector.component import Factory, Kind
from collector.receivers.otlp.config import OtlpReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="otlp",
    config=OtlpReceiverConfig,
    behaviour="collector.receivers.otlp.receiver:OtlpReceiver",
    summary="Receives logs over OTLP: gRPC, and HTTP with protobuf or JSON.",
)
