"""Messages of syslog over TCP, TLS, UDP or a unix socket."""

from collector.component import Factory, Kind
from collector.receivers.syslog.config import SyslogReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="syslog",
    config=SyslogReceiverConfig,
    behaviour="collector.receivers.syslog.receiver:SyslogReceiver",
    summary="takes RFC 5424 and RFC 3164 from rsyslog, syslog-ng and devices over TCP, TLS, UDP or a unix socket",
    stability="beta",
    differs=(
        "the body of a message that came by octet counting is the message, without its length",
        "a connection that begins with a length is read by octet counting without `enable_octet_counting`, too",
        "what is no message keeps what could be read of it, and says what is wrong (`logboom.syslog.malformed`)",
        "a byte order mark in front of a message is no part of it, times may be of the standard without a time, and those of RFC 3164 may have fractions, a year, or be RFC 3339",
        "`max_octets` refuses nothing: messages up to max_log_size are read",
        "`tcp` and `udp` may both be set: both listen",
    ),
)
