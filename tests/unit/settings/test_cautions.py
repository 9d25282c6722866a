"""What `validate` and the log at start say of a configuration that is right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.errors import ConfigError
from collector.settings import load
from collector.settings.disk import disk, disk_warning

PLAIN: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"grpc": None, "http": None}}},
    "exporters": {"nop": None},
    "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["nop"]}}},
}


def warnings(*changes: Mapping[str, Any]) -> list[str]:
    """The warnings of the plain configuration with the changes."""
    sources = [f"yaml:{yaml.safe_dump(dict(change))}" for change in (PLAIN, *changes)]
    return list(load(sources, environ={}).warnings)


def exporting(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return {"exporters": {name: options}, "service": {"pipelines": {"logs": {"exporters": ["nop", name]}}}}


def listening(http: Mapping[str, Any], service: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"receivers": {"otlp": {"protocols": {"http": http}, **more}}, "service": service}


CORS = {"allowed_origins": ["https://shop.example"]}
TLS = {"cert_file": "c", "key_file": "k"}


def lines_of(domain: str, default: str | None) -> dict[str, Any]:
    service = {
        "domains": {"names": ["a.example", "b.example"], "default": default},
        "pipelines": {"logs": {"receivers": ["otlp", "tcp_log"], "exporters": ["nop"]}},
    }
    return {"receivers": {"tcp_log": {"listen_address": "localhost:1", "domain": domain}}, "service": service}


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a receiver's own domain": (lines_of("logs.a.example", None), []),
    "the default is a receiver's domain": (lines_of("", "a.example"), []),
    "a receiver's domain that nobody knows": (
        lines_of("c.example", "a.example"),
        [
            "receivers.tcp_log.domain: c.example is none of service.domains.names: its records go to the default, a.example"
        ],
    ),
    "a receiver's domain that nobody knows, without a default": (
        lines_of("c.example", None),
        [
            "receivers.tcp_log.domain: c.example is none of service.domains.names, and there is no default: all of its records are refused"
        ],
    ),
    "a receiver without a domain, and no default": (
        lines_of("", None),
        ["receivers.tcp_log.domain: it names none, and there is no default: all of its records are refused"],
    ),
    "nothing": ({}, []),
    "an exporter that no pipeline names": (
        {"exporters": {"splunk_hec": {"endpoint": "https://s:8088", "token": "t"}}},
        ["exporters.splunk_hec is declared, but no pipeline names it: it does nothing (--config yaml:2)"],
    ),
    "an extension that is not started": (
        {"extensions": {"health_check": None}},
        [
            "extensions.health_check is declared, but service.extensions does not name it: it does nothing (--config yaml:2)"
        ],
    ),
    "certificates that nobody looks at": (
        exporting("otlp_http", {"endpoint": "https://h.example", "tls": {"insecure_skip_verify": True}}),
        [
            (
                "exporters.otlp_http.tls.insecure_skip_verify: nobody checks whom the records go to; "
                "name the server's authority in ca_file instead"
            )
        ],
    ),
    "records in the clear": (
        exporting("syslog", {"endpoint": "siem.example", "network": "udp"}),
        [
            (
                "exporters.syslog sends to siem.example:514 (UDP, in the clear): "
                "whoever is on the way can read and change the records"
            )
        ],
    ),
    "in the clear on this machine": (exporting("otlp_http", {"endpoint": "http://localhost:1"}), []),
    "web pages that can't name their domain": (
        listening({"cors": CORS}, {"domains": {"header": "X-Domain"}}),
        [
            (
                "receivers.otlp.protocols.http.cors: web pages may not send X-Domain, which names the domain: "
                "add it to allowed_headers"
            )
        ],
    ),
    "web pages that can": (
        listening({"cors": {**CORS, "allowed_headers": ["x-domain"]}}, {"domains": {"header": "X-Domain"}}),
        [],
    ),
    "an open listener of one domain": (
        listening({"endpoint": "0.0.0.0:4318", "tls": TLS}, {"domains": {"names": ["a.com"], "default": "a.com"}}),
        [
            (
                "receivers.otlp.protocols.http.endpoint: 0.0.0.0:4318 can be reached from other machines and nothing checks who "
                "sends; listen on localhost, or ask who sends (auth.authenticator, or tls.client_ca_file), "
                "or accept it with allow_anonymous: true"
            )
        ],
    ),
    "an open listener that the operator accepted": (
        listening({"endpoint": "0.0.0.0:4318"}, {}, allow_anonymous=True),
        [],
    ),
    "a guarded listener": (listening({"endpoint": ":4318", "tls": {**TLS, "client_ca_file": "ca"}}, {}), []),
}


@pytest.mark.parametrize(("change", "told"), CASES.values(), ids=CASES)
def test_warnings(change: dict[str, Any], told: list[str]) -> None:
    assert warnings(change) == told


REFUSED = {
    "two domains": {"domains": {"names": ["a.com", "b.com"], "default": None}},
    "a name and the default": {"domains": {"names": ["a.com"]}},
    "strict": {"security": {"strict": True}},
}


@pytest.mark.parametrize("allow_anonymous", [False, True])
@pytest.mark.parametrize("service", REFUSED.values(), ids=REFUSED)
def test_an_open_listener_never_serves_several_domains(service: dict[str, Any], allow_anonymous: bool) -> None:
    """Whoever reaches it could send as any of them; `allow_anonymous` only silences the warning."""
    with pytest.raises(ConfigError, match="can be reached from other machines and nothing checks who sends, and"):
        warnings(listening({"endpoint": "0.0.0.0:4318"}, service, allow_anonymous=allow_anonymous))


def test_too_small_a_disk_is_said(tmp_path: Path) -> None:
    """What journal and partitions may take, against what is free and what they already have."""
    settings = load([f"yaml:{yaml.safe_dump(PLAIN)}"], environ={})
    told = disk_warning(settings, tmp_path / "data", free_bytes=1 << 30) or ""
    assert "may take 2260 MiB, and 1024 MiB are free: lower service.journal.max_bytes" in told
    assert disk_warning(settings, tmp_path / "data", free_bytes=2260 << 20) is None
    assert disk(settings).startswith("180 MiB in the data directory at first, and up to 2.2 GiB: journal 512 MiB x 1")


def piping(*names: str) -> dict[str, Any]:
    return {"processors": dict.fromkeys(names), "service": {"pipelines": {"logs": {"processors": list(names)}}}}


@pytest.mark.parametrize("copies", ["categorize", "patterns", "issues", "aggregate"])
def test_what_copies_values_stands_behind_what_hides_them(copies: str) -> None:
    assert warnings(piping("redact", copies)) == []
    (said,) = warnings(piping(copies, "redact"))
    assert said.startswith(f"pipeline logs: {copies} stands in front of redact, and ")
    assert said.endswith(": put redact first")
