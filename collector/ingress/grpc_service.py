"""The gRPC handlers: raw bytes in, an empty response or a status out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from collector.admission.admission import Notice
from collector.admission.entrance import Entrance
from collector.admission.steps import Read
from collector.errors import Refusal, Unavailable
from collector.ingress.authentication import authenticated
from collector.ingress.refusals import Code, answer, unexpected
from collector.transport.client_certificate import ClientCertificate
from collector.transport.serving.grpc_calls import UnaryCall
from otlp_wire import receive_protobuf
from otlp_wire.status import retry_info, status

_LATE = Unavailable("the journal did not answer in time")
_NO_MESSAGE = Unavailable("the message did not arrive in time")


class GrpcRequest:
    """The facts of a call, looked up only when asked for."""

    __slots__ = ("_call", "_found")

    def __init__(self, call: UnaryCall) -> None:
        self._call = call
        self._found: dict[str, str | bytes] | None = None

    @property
    def host(self) -> str:
        """`:authority`."""
        return self._call.host

    def header(self, name: str) -> str | None:
        if self._found is None:
            self._found = dict(self._call.metadata)  # of several with one name the last
        found = self._found.get(name)
        return found if isinstance(found, str) else None

    def values(self, name: str) -> Sequence[str]:
        return [value for key, value in self._call.metadata if key == name and isinstance(value, str)]

    def parameters(self, name: str) -> Sequence[str]:  # noqa: ARG002 - a call has no query
        return ()

    def peer(self) -> str:
        return self._call.peer

    def certificate(self) -> ClientCertificate | None:
        return self._call.certificate()


class GrpcService:
    """Serves one unary method whose requests hold logs.

    Args:
        path: `/package.Service/Method`.
        read: what is taken of a request.
    """

    def __init__(self, entrance: Entrance, path: str, read: Read = receive_protobuf) -> None:
        self.entrance = entrance
        self._path = path
        self._read = read

    def taken(self, notice: Notice | None) -> bytes:  # noqa: ARG002 - for services
        """The response to what is on disk: a message without a field."""
        return b""

    def other(self, call: UnaryCall, body: bytes | None) -> None:  # noqa: ARG002 - for services
        """A method that is not the one."""
        call.answer(Code.UNIMPLEMENTED, "Method not found!")

    def admit(self, call: UnaryCall) -> bool:
        """Who sends? Told before the message is read."""
        if not self.entrance.asks:
            return True
        try:
            call.admitted = authenticated(self.entrance, GrpcRequest(call))
        except Refusal as refusal:
            self.end(call, self.entrance.refuse(refusal))
            return False
        except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
            self.entrance.defect(error)
            self.end(call, self.entrance.refuse(unexpected()))
            return False
        return True

    def handle(self, call: UnaryCall, body: bytes | None) -> None:
        """The one wrapper round every call: whatever happens, the sender gets an answer that keeps its data."""
        try:
            self._dispatch(call, body)
        except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
            self.entrance.defect(error)
            self.end(call, self.entrance.refuse(unexpected()))

    def overdue(self, call: UnaryCall) -> None:
        """Answer a call that has waited too long: it may be sent again."""
        self.end(call, _LATE if call.message_came else self.entrance.refuse(_NO_MESSAGE))

    def end(self, call: UnaryCall, outcome: Refusal | Notice | None) -> None:
        """Some SDKs read the hint from the status details, Python's from a trailer of its own."""
        if not isinstance(outcome, Refusal):
            call.answer(0, body=self.taken(outcome))
            return
        told = answer(outcome)
        trailers = [("grpc-status-details-bin", status(told.code, told.message, told.retry_after_secs))]
        if told.retry_after_secs is not None:
            trailers.append(("google.rpc.retryinfo-bin", retry_info(told.retry_after_secs)))
        call.answer(told.code, told.message, trailers)

    def submit(self, entrance: Entrance, call: UnaryCall, body: bytes | None, read: Read) -> None:
        """To admission, by that entrance."""
        if body is None:
            call.answer(Code.UNIMPLEMENTED, f'"{call.method}" requires exactly one request message.')
        else:
            entrance.submit(GrpcRequest(call), body, partial(self.end, call), call.admitted, read)

    def _dispatch(self, call: UnaryCall, body: bytes | None) -> None:
        if call.method != self._path:
            self.other(call, body)
        else:
            self.submit(self.entrance, call, body, self._read)
