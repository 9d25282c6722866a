"""OTLP over gRPC and HTTP."""

from collector.component import Factory, Kind
from collector.receivers.otlp.config import OtlpReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="otlp",
    config=OtlpReceiverConfig,
    behaviour="collector.receivers.otlp.receiver:OtlpReceiver",
    summary="Receives logs over OTLP: gRPC, and HTTP with protobuf or JSON.",
    differs=("gRPC requests in zstd or snappy are refused", "a request is answered when it is on disk"),
)
