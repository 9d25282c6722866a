"""Loki's push API, as Promtail, Grafana Alloy and Loki's client libraries speak it."""

from collector.component import Factory, Kind
from collector.receivers.loki.config import LokiReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="loki",
    config=LokiReceiverConfig,
    behaviour="collector.receivers.loki.receiver:LokiReceiver",
    summary="Receives what is pushed to Loki: JSON and protobuf over HTTP, and gRPC.",
    differs=("a request is answered when it is on disk", "a request with a stream that can't be read is refused whole"),
)
