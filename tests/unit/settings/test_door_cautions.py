"""What `validate` and the log at start say of doors: credentials in clear, any page, no TLS; with place and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.domains.keys import KeyKind, new_key
from collector.settings import load

CONFIG = """
receivers:
  otlp:
    protocols:
      http: {{endpoint: "{endpoint}", auth: {{authenticator: {authenticator}}}{http}}}
exporters:
  nop:
  otlp_http: {{endpoint: "https://upstream.example"{exporter}}}
extensions:
  {extension}
service:
  extensions: [{authenticator}]
  pipelines: {{logs: {{receivers: [otlp], exporters: [nop, otlp_http]}}}}
"""
PLAIN = {
    "endpoint": "localhost:4318", "authenticator": "api_keys", "http": "", "exporter": "", "extension": "api_keys: {}",
}  # fmt: skip
BEARER = {"authenticator": "bearertokenauth"}
KEY = new_key(KeyKind.INGEST).text
TLS = ", tls: {cert_file: c.pem, key_file: k.pem}"
SHA = "0" * 64


def warnings(tmp_path: Path, **changes: str) -> list[str]:
    file = tmp_path / "logboom.yaml"
    file.write_text(CONFIG.format(**{**PLAIN, **changes}))
    return [
        text.replace(f"{file}", "F") for text in load([str(file)], environ={"TOKEN": "hunter2", "KEY": KEY}).warnings
    ]


CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "nothing": ({}, []),
    "no TLS": (
        {"endpoint": "0.0.0.0:4318"},
        ["receivers.otlp.protocols.http: credentials come to 0.0.0.0:4318 in clear text", "add tls (cert_file, key_file)", "(F:5)"],
    ),
    "TLS": ({"endpoint": "0.0.0.0:4318", "http": TLS}, []),
    "any page": (
        {"http": ', cors: {allowed_origins: ["*"]}'},
        ["receivers.otlp.protocols.http.cors.allowed_origins: * lets any web page send", "keys of kind browser", "(F:5)"],
    ),
    "its pages": ({"http": ', cors: {allowed_origins: ["https://*.shop.example"]}'}, []),
    "a token in clear": (
        {**BEARER, "extension": "bearertokenauth: {token: hunter2}"},
        ["extensions.bearertokenauth.token stands in the configuration in clear text", "${env:NAME}", "(F:10)"],
    ),
    "tokens in clear": ({**BEARER, "extension": "bearertokenauth: {tokens: [hunter2]}"}, ["extensions.bearertokenauth.tokens stands"]),
    "a token of the environment": ({**BEARER, "extension": 'bearertokenauth: {token: "${env:TOKEN}"}'}, []),
    "passwords in clear": (
        {"authenticator": "basicauth", "extension": "basicauth: {htpasswd: {inline: 'anna:hunter2'}}"},
        ["extensions.basicauth.htpasswd.inline stands in the configuration in clear text", "(F:10)"],
    ),
    "a key in an exporter": (
        {"exporter": f', headers: {{authorization: "Bearer {KEY}"}}'},
        ["exporters.otlp_http: the option authorization holds an API key in clear text", "(F:8)"],
    ),
    "a key of the environment": ({"exporter": ', headers: {authorization: "Bearer ${env:KEY}"}'}, []),
    "certificates that nobody asks for": (
        {"authenticator": "client_certificate", "extension": "client_certificate: {rules: [{san_dns: a.b, domain: a.b}]}", "http": TLS},
        ["receivers.otlp.protocols.http: client_certificate asks for what does not come: tls.client_ca_file says", "nobody is let in", "(F:5)"],
    ),
    "certificates that are asked for": (
        {"authenticator": "client_certificate", "extension": "client_certificate: {rules: [{san_dns: a.b, domain: a.b}]}",
         "http": TLS.replace("}", ", client_ca_file: ca.pem}")},
        [],
    ),
    "certificates that a proxy passes on": (
        {"authenticator": "client_certificate", "extension": "client_certificate: {rules: [{san_dns: a.b, domain: a.b}], trusted_peers: [10.0.0.0/8]}"},
        [],
    ),
    "a browser's key without pages": (
        {"extension": f"api_keys: {{keys: [{{id: shop, sha256: '{SHA}', domain: a.b, kind: browser}}]}}"},
        ["extensions.api_keys.keys.0: every web page may send with the key shop: name yours in origins", "(F:10)"],
    ),
    "a browser's key with pages": (
        {"extension": f"api_keys: {{keys: [{{id: s, sha256: '{SHA}', domain: a.b, kind: browser, origins: ['https://a.b']}}]}}"}, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "parts"), CASES.values(), ids=CASES)
def test_warnings(tmp_path, changes, parts):
    """One sentence each: what, where, the cure; never the secret."""
    found = warnings(tmp_path, **changes)
    assert len(found) == bool(parts), found
    for part in parts:
        assert part in found[0]
    assert "hunter2" not in "".join(found)
    assert KEY[4:] not in "".join(found)


def test_the_example_of_a_door():
    """config/door.yaml is right, and there is nothing to warn of."""
    door = Path(__file__).parents[3] / "config" / "door.yaml"
    assert load([str(door)], environ={}).warnings == ()
