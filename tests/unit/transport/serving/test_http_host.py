"""The host of a request: RFC 9112, section 3.2."""

from __future__ import annotations

import pytest

from collector.transport.serving.http_host import BadHost, decided_host

OTHER = (b"accept", b"*/*")
NO_HOST = object()
# target, Host values, version, the host that decides (None: refused)
CASES = {
    "one": (b"/v1/logs", [b"tamyla.com"], "1.1", b"tamyla.com"),
    "with a port": (b"/v1/logs", [b"tamyla.com:4318"], "1.1", b"tamyla.com:4318"),
    "IPv6": (b"/v1/logs", [b"[::1]:4318"], "1.1", b"[::1]:4318"),
    "empty": (b"/v1/logs", [b""], "1.1", b""),
    "underscore": (b"/v1/logs", [b"log_box"], "1.1", b"log_box"),
    "the server as a whole": (b"*", [b"tamyla.com"], "1.1", b"tamyla.com"),
    "white space behind it": (b"/v1/logs", [b"tamyla.com\t"], "1.1", b"tamyla.com\t"),
    "two": (b"/v1/logs", [b"tamyla.com", b"evil.example"], "1.1", None),
    "two equal ones": (b"/v1/logs", [b"tamyla.com", b"tamyla.com"], "1.1", None),
    "two in HTTP/1.0": (b"/v1/logs", [b"tamyla.com", b"evil.example"], "1.0", None),
    "none": (b"/v1/logs", [], "1.1", None),
    "none in HTTP/1.0": (b"/v1/logs", [], "1.0", NO_HOST),
    "two in one line": (b"/v1/logs", [b"tamyla.com, evil.example"], "1.1", None),
    "a path in it": (b"/v1/logs", [b"tamyla.com/../x"], "1.1", None),
    "a user in it": (b"/v1/logs", [b"evil@tamyla.com"], "1.1", None),
    "not ASCII": (b"/v1/logs", [b"t\xe4st.tamyla.com"], "1.1", None),
    "absolute form: the target decides": (b"http://tamyla.com/v1/logs", [b"evil.example"], "1.1", b"tamyla.com"),
    "absolute form with a port": (b"http://tamyla.com:4318/v1/logs", [b"x"], "1.1", b"tamyla.com:4318"),
    "absolute form without Host": (b"http://tamyla.com/v1/logs", [], "1.1", None),
    "absolute form in HTTP/1.0": (b"http://tamyla.com/v1/logs", [], "1.0", b"tamyla.com"),
    "absolute form with two": (b"http://tamyla.com/v1/logs", [b"x", b"y"], "1.1", None),
}


@pytest.mark.parametrize("name", CASES)
def test_host(name):
    """Exactly one host is left among the headers, or the request is refused; other headers stay."""
    url, hosts, version, decides = CASES[name]
    headers = [OTHER, *((b"host", host) for host in hosts)]
    if decides is None:
        with pytest.raises(BadHost):
            decided_host(url, headers, version)
        return
    decided_host(url, headers, version)
    expected = [] if decides is NO_HOST else [(b"host", decides)]
    assert headers == [OTHER, *expected]
