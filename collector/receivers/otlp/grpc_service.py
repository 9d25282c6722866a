"""`Export` of each signal: logs, and those that a pipeline carries; others are refused as UNIMPLEMENTED, in words."""

from __future__ import annotations

from collector.admission.admission import Notice
from collector.admission.entrance import Entrance
from collector.ingress.grpc_service import GrpcRequest, GrpcService
from collector.ingress.refusals import not_carried
from collector.receivers.otlp.config import GRPC_PATH
from collector.transport.serving.grpc_calls import UnaryCall
from otlp_wire.signals import METHODS, protobuf_reader
from otlp_wire.status import partial_success

SIGNALS = {GRPC_PATH: "logs"} | {method: signal for signal, method in METHODS.items()}
"""Method → what it takes."""


class ExportServices(GrpcService):
    """The services of one entrance. What is carried has no partial success: the answer of each signal is an empty message."""

    def __init__(self, entrance: Entrance) -> None:
        super().__init__(entrance, GRPC_PATH if "logs" in entrance.signals else "")
        self._readers = {signal: protobuf_reader(signal) for signal in METHODS}

    def taken(self, notice: Notice | None) -> bytes:
        """An ExportLogsServiceResponse."""
        return partial_success(notice.rejected, notice.message) if notice else b""

    def other(self, call: UnaryCall, body: bytes | None) -> None:
        """Another signal is carried, or named."""
        signal = SIGNALS.get(call.method)
        if signal is None:
            super().other(call, body)
        elif signal in self.entrance.signals:
            self.submit(self.entrance.signals[signal], call, body, self._readers[signal])
        else:
            refusal = self.entrance.refuse(not_carried(signal, self.entrance.signals))
            self.entrance.remark(GrpcRequest(call).peer(), refusal.reason)
            self.end(call, refusal)
