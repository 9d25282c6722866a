"""syslog-ng. Each framing and format has an input of its own kind there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from counterparts.syslog_servers.server import Framing, Protocol, Received, SyslogServer, Transport

_TLS = 'tls(key-file("{key}") cert-file("{cert}") ca-file("{ca}") peer-verify({verify}))'
_DRIVERS = {
    "udp": "syslog(transport(udp) {at})",
    "udp_3164": "network(transport(udp) {at})",
    "tcp": "syslog(transport(tcp) {at})",
    "tcp_newline": "network(transport(tcp) flags(syslog-protocol) {at})",
    "tcp_3164": "network(transport(tcp) {at})",
    "tls": "syslog(transport(tls) {tls} {at})",
    "tls_newline": "network(transport(tls) flags(syslog-protocol) {tls} {at})",
    "tls_3164": "network(transport(tls) {tls} {at})",
    "mutual": "syslog(transport(tls) {mutual} {at})",
    "mutual_newline": "network(transport(tls) flags(syslog-protocol) {mutual} {at})",
    "mutual_3164": "network(transport(tls) {mutual} {at})",
}
_MACROS = {
    "pri": "$PRI",
    "time": "$S_ISODATE",
    "host": "$HOST",
    "app": "$PROGRAM",
    "procid": "$PID",
    "msgid": "$MSGID",
    "sd": "$SDATA",
    "msg": "$MESSAGE",
    "input": "$SOURCE",
}
_CONFIGURATION = """@version: 3.35
options {{ keep-hostname(yes); use-dns(no); chain-hostnames(no); stats-freq(0); frac-digits(6); }};
{sources}
destination all {{ file("{output}" template("$(format-json {members})\\n")); }};
log {{ {names} destination(all); }};
"""


class SyslogNg(SyslogServer):
    """Octet counting is read by its `syslog` driver, newlines by `network`, which takes RFC 3164 unless told otherwise."""

    inputs = tuple(_DRIVERS)

    def input(self, transport: Transport, framing: Framing, protocol: Protocol) -> str | None:
        """`<transport>`, `<transport>_newline` or `<transport>_3164`; it counts no octets in RFC 3164."""
        if protocol == "rfc3164":
            return None if framing == "octet_counting" and transport != "udp" else f"{transport}_3164"
        return f"{transport}_newline" if framing == "newline" and transport != "udp" else transport

    def configuration(self, ports: Mapping[str, int]) -> str:
        """All inputs into one file."""
        files = {"key": self.certificate.key, "cert": self.certificate.cert, "ca": self.authority.ca_file}
        tls = _TLS.format(**files, verify="optional-untrusted")
        mutual = _TLS.format(**files, verify="required-trusted")
        drivers = {
            name: driver.format(at=f"ip(127.0.0.1) port({ports[name]})", tls=tls, mutual=mutual)
            for name, driver in _DRIVERS.items()
        }
        return _CONFIGURATION.format(
            sources="\n".join(f"source {name} {{ {driver}; }};" for name, driver in drivers.items()),
            names=" ".join(f"source({name});" for name in drivers),
            members=" ".join(f"{member}={macro}" for member, macro in _MACROS.items()),
            output=self.output,
        )

    def command(self, configuration: Path) -> Sequence[str]:
        """With the modules of the unpacked tree and no capabilities."""
        modules = next((self.root / "usr" / "lib" / "syslog-ng").glob("3.*"))
        places = {"persist-file": "persist", "control": "control", "pidfile": "pid"}
        return [
            str(self.root / "usr" / "sbin" / "syslog-ng"), "--foreground", "--no-caps", f"--cfgfile={configuration}",
            f"--module-path={modules}", *(f"--{option}={self.folder / name}" for option, name in places.items()),
        ]  # fmt: skip

    def received(self, line: Mapping[str, Any]) -> Received:
        """It leaves out what is missing."""
        fields = {name: line.get(name, "") for name in _MACROS}
        return Received(**{**fields, "pri": int(line["pri"])})
