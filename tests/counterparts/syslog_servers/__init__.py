"""rsyslog and syslog-ng from Debian, unpacked beside the system instead of installed: in apt they exclude each other, and
the machine's own syslog stays as it is.

    with Rsyslog(folder, authority) as server:
        …                                       # send to server.port("tcp")
        server.await_messages(3)
"""

from __future__ import annotations

from counterparts.syslog_servers.debian import installed
from counterparts.syslog_servers.receiver import Receiver
from counterparts.syslog_servers.rsyslog import Rsyslog
from counterparts.syslog_servers.server import Received, SyslogServer
from counterparts.syslog_servers.syslog_ng import SyslogNg

__all__ = ["Received", "Receiver", "Rsyslog", "SyslogNg", "SyslogServer", "installed"]
