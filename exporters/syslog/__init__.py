"""Syslog: RFC 5424 and RFC 3164 over UDP, TCP, TLS and unix sockets."""

from collector.component import Factory, Kind
from exporters.syslog.config import SyslogConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="syslog",
    config=SyslogConfig,
    behaviour="exporters.syslog.exporter:SyslogExporter",
    summary="Sends syslog (RFC 5424, RFC 3164) over UDP, TCP or TLS: text, JSON, CEF or LEEF.",
    differs=(
        "a record without the attribute `message` sends its body, with its severity",
        "octets are counted over TCP unless told otherwise",
    ),
)
