"""rsyslog. Its own escaping of control characters is off: what is visible was made visible by the sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from counterparts.syslog_servers.server import Framing, Protocol, Received, SyslogServer, Transport

_MEMBERS = {
    "pri": "pri",
    "host": "hostname",
    "app": "app-name",
    "procid": "procid",
    "msgid": "msgid",
    "sd": "structured-data",
    "msg": "msg",
    "input": "inputname",
}
_CONFIGURATION = """
global(workDirectory="{folder}" parser.escapeControlCharactersOnReceive="off" defaultNetstreamDriverCAFile="{ca}"
       defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp")
module(load="imudp")
template(name="line" type="list" option.jsonf="on") {{
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  {members}
}}
input(type="imudp" name="udp" port="{udp}" address="127.0.0.1" ruleset="all")
input(type="imtcp" name="tcp" port="{tcp}" address="127.0.0.1" ruleset="all")
input(type="imtcp" name="tls" port="{tls}" address="127.0.0.1" ruleset="all"
      streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" name="mutual" port="{mutual}" address="127.0.0.1" ruleset="all"
      streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
ruleset(name="all") {{ action(type="omfile" file="{output}" template="line") }}
"""


class Rsyslog(SyslogServer):
    """Its inputs take both framings and both formats. Messages may have 8 KiB, its default."""

    inputs: Sequence[str] = ("udp", "tcp", "tls", "mutual")

    def input(self, transport: Transport, framing: Framing, protocol: Protocol) -> str | None:
        """Named by the transport alone."""
        del framing, protocol
        return transport

    def configuration(self, ports: Mapping[str, int]) -> str:
        """All inputs into one file."""
        members = [f'property(outname="{outname}" name="{name}" format="jsonf")' for outname, name in _MEMBERS.items()]
        return _CONFIGURATION.format(
            folder=self.folder,
            ca=self.authority.ca_file,
            cert=self.certificate.cert,
            key=self.certificate.key,
            members="\n  ".join(members),
            output=self.output,
            **ports,
        )

    def command(self, configuration: Path) -> Sequence[str]:
        """With the modules of the unpacked tree."""
        modules = next((self.root / "usr" / "lib").glob("*/rsyslog"))
        program = self.root / "usr" / "sbin" / "rsyslogd"
        return [str(program), "-n", "-f", str(configuration), "-i", str(self.folder / "pid"), "-M", str(modules)]

    def received(self, line: Mapping[str, Any]) -> Received:
        """It writes `-` for what is missing."""
        fields = {name: "" if line[name] == "-" and name != "msg" else line[name] for name in _MEMBERS}
        return Received(**{**fields, "pri": int(line["pri"]), "time": line["time"]})
