"""The gRPC handlers: raw bytes in, an empty response or a status out. Written against grpc's sync server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import unquote

import grpc

from collector.errors import Refusal, Unavailable
from collector.receivers.otlp.door import Door
from collector.receivers.otlp.refusals import Answer, answer, only_logs, unexpected
from otlp_wire.status import retry_info, status

LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
OTHER_SIGNALS = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
    "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export": "profiles",
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_OK = b""  # an ExportLogsServiceResponse without partial_success
_LATE = Unavailable("the journal did not answer in time")


class GrpcRequest:
    """The facts of a call, looked up only when asked for."""

    __slots__ = ("_context",)

    def __init__(self, context: Any) -> None:
        self._context = context

    @property
    def host(self) -> str:
        """`:authority`. grpc's sync server has no public name for it; a test pins this one."""
        host: bytes = self._context._rpc_event.call_details.host
        return host.decode("ascii", "replace")

    def header(self, name: str) -> str | None:
        for key, value in reversed(self._context.invocation_metadata()):
            if key == name:
                return value if isinstance(value, str) else None
        return None

    def peer(self) -> str:
        kind, _, rest = self._context.peer().partition(":")
        return unquote(rest).rpartition(":")[0].strip("[]") if kind != "unix" else ""


class _Waiter:
    """One answer between two threads; a bare lock is the cheapest way to wait."""

    __slots__ = ("_lock", "refusal")

    def __init__(self) -> None:
        self.refusal: Refusal | None = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def done(self, refusal: Refusal | None) -> None:
        self.refusal = refusal
        self._lock.release()

    def wait(self, timeout_secs: float) -> Refusal | None:
        return self.refusal if self._lock.acquire(timeout=timeout_secs) else _LATE


class LogsService(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Serves `LogsService/Export`; other OTLP signals are refused as UNIMPLEMENTED, in words.

    `answer_within_secs` bounds the wait for the journal: a call must not hold its thread for ever.
    """

    def __init__(self, door: Door, answer_within_secs: float = 30.0) -> None:
        self._door = door
        self._answer_within_secs = answer_within_secs
        self._handlers = {LOGS: grpc.unary_unary_rpc_method_handler(self._guarded(self._export))}
        for method, signal in OTHER_SIGNALS.items():
            self._handlers[method] = grpc.unary_unary_rpc_method_handler(self._guarded(self._unimplemented(signal)))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._handlers.get(handler_call_details.method)

    def _export(self, body: bytes, context: grpc.ServicerContext) -> Refusal | None:
        waiter = _Waiter()
        self._door.submit(GrpcRequest(context), body, waiter.done)
        return waiter.wait(self._answer_within_secs)

    def _unimplemented(self, signal: str) -> Callable[[bytes, grpc.ServicerContext], Refusal]:
        return lambda _body, _context: self._door.refuse(only_logs(signal))

    def _guarded(
        self, handle: Callable[[bytes, grpc.ServicerContext], Refusal | None]
    ) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        """The one wrapper round every handler: whatever happens, the sender gets an answer that keeps its data."""

        def guarded(body: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                refusal = handle(body, context)
            except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
                self._door.defect(error)
                refusal = self._door.refuse(unexpected())
            if refusal is None:
                return _OK
            _abort(context, answer(refusal))

        return guarded


def _abort(context: grpc.ServicerContext, told: Answer) -> NoReturn:
    """End the call. Some SDKs read the hint from the status details, Python's from a trailer of its own."""
    trailers: list[tuple[str, bytes]] = [
        ("grpc-status-details-bin", status(told.code, told.message, told.retry_after_secs))
    ]
    if told.retry_after_secs is not None:
        trailers.append(("google.rpc.retryinfo-bin", retry_info(told.retry_after_secs)))
    context.set_trailing_metadata(tuple(trailers))
    context.abort(_CODES[told.code], told.message)
    raise AssertionError("abort raises")
