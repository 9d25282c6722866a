"""The `syslog` receiver: its listeners, as one."""

from __future__ import annotations

import time
from collections.abc import Mapping

from collector.admission.admission import Admission
from collector.component import Context
from collector.ingress.cutting import Cutter
from collector.ingress.cutting_options import cutter_of
from collector.ingress.octets import Ended, Octets, Told, Whole, recoded
from collector.ingress.text_datagrams import TextDatagrams
from collector.ingress.text_input import TcpInput
from collector.ingress.text_pieces import Pieces
from collector.ingress.text_streams import Place, TextStreams
from collector.receivers.syslog.config import SyslogReceiverConfig
from collector.reserved import MALFORMED
from collector.transport.auth import server_authenticator


class SyslogReceiver:
    """Messages are journalled as they come; they are read where records are decoded."""

    per_process = True

    def __init__(self, config: SyslogReceiverConfig, context: Context) -> None:
        self._listeners: list[TextStreams | TextDatagrams] = []
        tcp, udp = config.tcp, config.udp
        if tcp is not None:
            authenticator = server_authenticator(tcp.auth, context)
            place, pieces = Place(context.id, "tcp.listen_address"), Pieces(tcp, config, MALFORMED)
            cutters = lambda: framing(config, tcp)  # noqa: E731 - mypy knows here that it is one
            self._listeners.append(TextStreams(place, tcp, pieces, authenticator, cutters, config.domain))
        if udp is not None:
            place, pieces = Place(context.id, "udp.listen_address"), Pieces(udp, config, MALFORMED)
            self._listeners.append(TextDatagrams(place, udp, pieces, config.domain))

    def start(self, admission: Admission, *, share_port: bool = False) -> None:
        """Bind all. Raises `ConfigError`: an address is in use or not ours, or a TLS file can't be used."""
        try:
            for listener in self._listeners:
                listener.start(admission, share_port=share_port)
        except BaseException:
            self.shutdown(0.0)
            raise

    def endpoints(self) -> Mapping[str, str]:
        """Protocol → the address bound."""
        return {name: address for each in self._listeners for name, address in each.endpoints().items()}

    def leave(self, patience_secs: float) -> None:
        """See `HandsOver.leave`."""
        ends = time.monotonic() + patience_secs
        for listener in self._listeners:
            listener.leave(max(0.0, ends - time.monotonic()))

    def stop_intake(self) -> None:
        """Read what was sent already, for a moment, then refuse what is offered."""
        for listener in self._listeners:
            listener.stop_intake()

    def shutdown(self, deadline_secs: float) -> None:
        """Let what is under way finish until the deadline, then close; safe twice."""
        ends = time.monotonic() + deadline_secs
        for listener in self._listeners:
            listener.shutdown(max(0.0, ends - time.monotonic()))

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """Those of all listeners."""
        return {name: each for listener in self._listeners for name, each in listener.gauges().items()}

    def silent_secs(self) -> float:
        """Of the listener that has been silent for the longest time."""
        return max(listener.silent_secs() for listener in self._listeners)


def framing(given: SyslogReceiverConfig, tcp: TcpInput) -> Cutter:
    """What cuts one connection."""
    if tcp.one_log_per_packet:
        return recoded(Whole(tcp.max_log_size), tcp.encoding)
    if given.enable_octet_counting:
        return recoded(Octets(tcp.max_log_size), tcp.encoding)
    if given.non_transparent_framing_trailer == "NUL":
        return recoded(Ended(b"\0", tcp.max_log_size), tcp.encoding)
    lines = cutter_of(tcp.multiline, tcp.encoding, tcp.max_log_size)
    if tcp.multiline is not None or given.allow_skip_pri_header:
        return lines
    return Told(recoded(Octets(tcp.max_log_size), tcp.encoding), lines)
