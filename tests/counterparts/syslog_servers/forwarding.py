"""The same servers as senders: what comes in at one input goes on to every destination, as each wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from counterparts.certificates import Authority, Pair
from counterparts.syslog_servers.rsyslog import Rsyslog
from counterparts.syslog_servers.server import Framing, Protocol, Transport
from counterparts.syslog_servers.syslog_ng import SyslogNg


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to, and how messages are framed and written. `mutual` shows a certificate of the sender's authority."""

    port: int
    transport: Transport = "tcp"
    framing: Framing = "octet_counting"
    protocol: Protocol = "rfc5424"


_RSYSLOG = """
global(workDirectory="{folder}" defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp")
input(type="imtcp" name="tcp" port="{tcp}" address="127.0.0.1" ruleset="all")
ruleset(name="all") {{
{actions}
}}
"""
_FORWARD = (
    'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="{protocol}" template="{template}" action.resumeRetryCount="-1" '
    'action.resumeInterval="1" queue.type="linkedList" {more})'
)
_GTLS = (
    'StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"'
)
_TEMPLATES = {"rfc5424": "RSYSLOG_SyslogProtocol23Format", "rfc3164": "RSYSLOG_TraditionalForwardFormat"}
_FRAMINGS = {"octet_counting": "octet-counted", "newline": "traditional"}


class ForwardingRsyslog(Rsyslog):
    """Send it RFC 5424 at `port("tcp")`; a destination that is away is asked again each second."""

    inputs = ("tcp",)

    def __init__(
        self, folder: Path, authority: Authority, destinations: Sequence[Destination], certificate: Pair | None = None
    ) -> None:
        super().__init__(folder, authority, certificate)
        self._destinations = destinations

    def configuration(self, ports: Mapping[str, int]) -> str:
        """An action for each."""
        files = {"ca": self.authority.ca_file, "cert": self.certificate.cert, "key": self.certificate.key}
        actions = "\n".join(map(_action, self._destinations))
        return _RSYSLOG.format(folder=self.folder, actions=actions, **files, **ports)


def _action(to: Destination) -> str:
    udp = to.transport == "udp"
    more = "" if udp else f'TCP_Framing="{_FRAMINGS[to.framing]}"'
    more += f" {_GTLS}" if to.transport in ("tls", "mutual") else ""
    return _FORWARD.format(port=to.port, protocol="udp" if udp else "tcp", template=_TEMPLATES[to.protocol], more=more)


_SYSLOG_NG = """@version: 3.35
options {{ keep-hostname(yes); use-dns(no); chain-hostnames(no); stats-freq(0); frac-digits(6); time-reopen(1); }};
source s {{ syslog(transport(tcp) ip(127.0.0.1) port({tcp})); }};
{destinations}
log {{ source(s); {names} }};
"""


class ForwardingSyslogNg(SyslogNg):
    """The same. Its `syslog` driver counts octets over TCP, `network` does not."""

    inputs = ("tcp",)

    def __init__(
        self, folder: Path, authority: Authority, destinations: Sequence[Destination], certificate: Pair | None = None
    ) -> None:
        super().__init__(folder, authority, certificate)
        self._destinations = destinations

    def configuration(self, ports: Mapping[str, int]) -> str:
        """A destination for each."""
        drivers = [self._driver(to) for to in self._destinations]
        return _SYSLOG_NG.format(
            destinations="\n".join(f"destination d{at} {{ {driver}; }};" for at, driver in enumerate(drivers)),
            names=" ".join(f"destination(d{at});" for at in range(len(drivers))),
            **ports,
        )

    def _driver(self, to: Destination) -> str:
        transport = "tls" if to.transport in ("tls", "mutual") else to.transport
        more = f'"127.0.0.1" port({to.port}) transport("{transport}")'
        if transport == "tls":
            more += (
                f' tls(ca-file("{self.authority.ca_file}") key-file("{self.certificate.key}") '
                f'cert-file("{self.certificate.cert}") peer-verify(required-trusted))'
            )
        if to.protocol == "rfc3164":
            return f"network({more})"
        return (
            f"syslog({more})"
            if to.framing == "octet_counting" or transport == "udp"
            else f"network({more} flags(syslog-protocol))"
        )
