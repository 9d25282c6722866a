"""`LogsService/Export`; other OTLP signals are refused as UNIMPLEMENTED, in words."""

from __future__ import annotations

from collector.admission.admission import Notice
from collector.admission.entrance import Entrance
from collector.ingress.grpc_service import GrpcRequest, GrpcService
from collector.ingress.refusals import only_logs
from collector.receivers.otlp.config import GRPC_PATH
from collector.transport.serving.grpc_calls import UnaryCall
from otlp_wire.status import partial_success

OTHER_SIGNALS = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
    "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export": "profiles",
}


class LogsService(GrpcService):
    """The service of one entrance."""

    def __init__(self, entrance: Entrance) -> None:
        super().__init__(entrance, GRPC_PATH)

    def taken(self, notice: Notice | None) -> bytes:
        """An ExportLogsServiceResponse."""
        return partial_success(notice.rejected, notice.message) if notice else b""

    def other(self, call: UnaryCall) -> None:
        """Another signal is named."""
        signal = OTHER_SIGNALS.get(call.method)
        if signal is None:
            super().other(call)
            return
        refusal = self.entrance.refuse(only_logs(signal))
        self.entrance.remark(GrpcRequest(call).peer(), refusal.reason)
        self.end(call, refusal)
