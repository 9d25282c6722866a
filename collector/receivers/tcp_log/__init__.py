"""Lines over TCP, TLS or a unix socket."""

from collector.component import Factory, Kind
from collector.receivers.tcp_log.config import TcpLogConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="tcp_log",
    config=TcpLogConfig,
    behaviour="collector.receivers.tcp_log.receiver:TcpLogReceiver",
    summary="takes lines over TCP, TLS or a unix socket",
    aliases=("tcplog",),
    stability="beta",
    differs=(
        "what was read is in the journal before more is read; while there is no room there, senders wait",
        "a record over max_log_size becomes several, and the connection goes on",
    ),
)
