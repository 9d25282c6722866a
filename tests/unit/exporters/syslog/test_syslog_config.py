"""Options of the syslog exporter: what is refused, and what follows from what."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from exporters.syslog.config import SyslogConfig

REFUSED = {
    "TLS over UDP": ({"network": "udp", "tls": {"ca_file": "ca.pem"}}, "in the clear"),
    "TLS over a unix socket": ({"network": "unix", "tls": {"insecure": False}}, "in the clear"),
    "confirmed datagrams": ({"network": "udp", "confirm": "received"}, "confirm"),
    "framed datagrams": ({"network": "udp", "framing": "octet_counting"}, "framing"),
    "structured data of RFC 3164": ({"protocol": "rfc3164", "structured_data": {"enterprise_number": 1}}, "RFC 3164"),
    "attributes without an element": ({"structured_data": {"attributes": ["a"]}}, "enterprise_number"),
    "a path for a host": ({"endpoint": "host/path"}, "name or the address"),
    "a blank in a host": ({"endpoint": "a host"}, "name or the address"),
    "no endpoint": ({"endpoint": ""}, "endpoint"),
    "a port in the endpoint": ({"endpoint": "siem:514"}, "write the port into `port`"),
    "a port behind brackets": ({"endpoint": "[::1]:514"}, "write the port into `port`"),
    "port 0": ({"port": 0}, "port"),
    "a network nobody has": ({"network": "sctp"}, "network"),
    "a protocol nobody has": ({"protocol": "rfc9999"}, "protocol"),
    "framing twice": ({"framing": "newline", "enable_octet_counting": True}, "the same thing"),
    "a tiny message": ({"max_message_size": 100}, "512 bytes"),
    "a giant datagram": ({"network": "udp", "max_message_size": "70KiB"}, "65507"),
    "an unknown zone": ({"timezone": "Mars/Olympus"}, "not a time zone"),
    "a zone that is a path": ({"timezone": "../../etc/passwd"}, "not a time zone"),
    "a facility nobody has": ({"facility": "local8"}, "facility"),
    "a name with an at": ({"structured_data": {"name": "a@1"}}, "name"),
    "a long name": ({"structured_data": {"name": "a" * 22}}, "name"),
    "an unknown option": ({"mesage": "x"}, "mesage"),
}


@pytest.mark.parametrize(("options", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(options, reason):
    """With a sentence that names the option or the fix."""
    with pytest.raises(ValidationError, match=reason):
        SyslogConfig.model_validate({"endpoint": "localhost", **options})


FRAMINGS = [
    ({}, True),
    ({"tls": {"insecure": True}}, True),
    ({"protocol": "rfc3164"}, False),
    ({"network": "unix"}, False),
    ({"network": "udp"}, False),
    ({"network": "udp", "enable_octet_counting": True}, False),
    ({"enable_octet_counting": False}, False),
    ({"protocol": "rfc3164", "enable_octet_counting": True}, True),
    ({"framing": "newline"}, False),
    ({"framing": "octet_counting", "network": "unix"}, True),
]


@pytest.mark.parametrize(("options", "counted"), FRAMINGS, ids=range(len(FRAMINGS)))
def test_framing(options, counted):
    """Octet counting where receivers expect it; datagrams need none."""
    assert SyslogConfig.model_validate({"endpoint": "localhost", **options}).counted is counted


def test_defaults_of_otelcol():
    """TCP with TLS, port 514, RFC 5424; network names in any case."""
    config = SyslogConfig.model_validate({"endpoint": "[::1]", "network": "TCP"})
    assert (config.host, config.port, config.network, config.protocol, config.secure) == (
        "::1",
        514,
        "tcp",
        "rfc5424",
        True,
    )
    assert not SyslogConfig.model_validate({"endpoint": "h", "network": "UDP"}).secure
    assert [SyslogConfig.model_validate({"endpoint": "h", "network": one}).limit for one in ("tcp", "udp")] == [
        8096,
        2048,
    ]


def test_plain_text_may_be_said_where_nothing_else_is_possible():
    """`tls.insecure: true` is true there."""
    config = SyslogConfig.model_validate({"endpoint": "localhost", "network": "udp", "tls": {"insecure": True}})
    assert not config.secure
