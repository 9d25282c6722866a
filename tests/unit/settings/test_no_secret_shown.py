"""A marker in every secret of every component, and every command that shows a configuration or what is wrong with it: none shows one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from typer.testing import CliRunner

from collector.cli import app
from collector.component import Kind
from collector.registry import default_registry
from collector.settings import load
from collector.settings.documentation import options
from collector.settings.redaction import is_secret_name

MARK = "marker-5f3a9c1e7b2d4608"
SIGNING = f"whsec_{base64.b64encode((MARK * 2).encode()).decode()}"
MARKS = (MARK, MARK[7:], SIGNING, SIGNING[6:])
TLS = f'tls: {{cert_pem: shown, key_pem: "{MARK}"}}'
CLIENT = f"{TLS}, redact: {{hash_key: {MARK}}}"
HEADERS = f"headers: {{x-token: {MARK}}}"
WITH: dict[str, list[str]] = {
    "receivers.alertmanager": [f"{{{TLS}}}"],
    "receivers.fluent_forward": [f"{{{TLS}}}"],
    "receivers.hooks": [
        f"{{{TLS}, public_url: 'https://h', link_keys: [{MARK * 2}], "
        + ", ".join(f"{name}: {{secrets: [{MARK}]}}" for name in ("github", "gitlab", "pagerduty", "jira", "jsm", "servicenow", "slack"))
        + "}"
    ],
    "receivers.json": [f"{{{TLS}, webhook: {{required_header: {{key: x-secret, value: {MARK}}}}}}}"],
    "receivers.kafka": [
        f"{{auth: {{sasl: {{username: u, password: {MARK}}}}}, {TLS}}}",
        f"{{auth: {{plain_text: {{username: u, password: {MARK}}}, {TLS}}}}}",
    ],
    "receivers.syslog": [f"{{tcp: {{listen_address: 'localhost:1', {TLS}}}, protocol: rfc5424}}"],
    "receivers.tcp_log": [f"{{listen_address: 'localhost:1', {TLS}}}"],
    "extensions.console": [f"{{{TLS}}}"],
    "extensions.oidc": [f"{{issuer_url: 'https://h', login: {{client_id: c, client_secret: {MARK}}}}}"],
    "extensions.opamp": [
        f"{{server: {{ws: {{endpoint: 'wss://localhost:1', {TLS}}}}}}}",
        f"{{server: {{http: {{endpoint: 'https://localhost:1', {TLS}}}}}}}",
    ],
    "receivers.splunk_hec": [f"{{{TLS}}}"],
    "receivers.loki": [f"{{protocols: {{grpc: {{{TLS}}}, http: {{{TLS}}}}}}}"],
    "receivers.webhook_event": [
        f"{{endpoint: 'localhost:1', {TLS}, required_header: {{key: a, value: {MARK}}}, required_headers: [{{key: b, value: {MARK}}}]}}",
        f"{{endpoint: 'localhost:1', hmac_signature: {{secret: {MARK}, header: x}}}}",
    ],
    "receivers.otlp": [f"{{protocols: {{grpc: {{{TLS}}}, http: {{{TLS}}}}}}}"],
    "exporters.alertmanager": [f"{{endpoints: ['https://h'], {CLIENT}, {HEADERS}}}"],
    "exporters.azure_monitor": [
        f"{{connection_string: 'InstrumentationKey={MARK}', {CLIENT}, {HEADERS}}}", f"{{instrumentation_key: {MARK}}}",
    ],
    "exporters.archive": [f"{{to: 's3://b', storage: {{secret_access_key: {MARK}}}, redact: {{hash_key: {MARK}}}}}"],
    "exporters.awss3": [f"{{s3uploader: {{s3_bucket: b}}, redact: {{hash_key: {MARK}}}}}"],
    "exporters.chronicle": [
        f"{{endpoint: https://h, project: p, location: l, instance: i, log_type: T, credentials: {MARK}, {CLIENT}, {HEADERS}}}"
    ],
    "exporters.ci_trigger": [
        f"{{provider: gitlab, token: {MARK}, triggers: {{r: {{project: a/b}}}}, {CLIENT}, {HEADERS}}}",
    ],
    "exporters.cloudflare_rollback": [f"{{account_id: a, api_token: {MARK}, scripts: [s], {CLIENT}}}"],
    "exporters.command": [f"{{commands: {{r: {{argv: [/bin/true]}}}}, redact: {{hash_key: {MARK}}}}}"],
    "exporters.docker": [f"{{containers: [c], {CLIENT}, {HEADERS}}}"],
    "exporters.kubernetes": [f"{{workloads: [a/deployment/b], {CLIENT}, {HEADERS}}}"],
    "exporters.systemd": [f"{{units: [a.service], redact: {{hash_key: {MARK}}}}}"],
    "exporters.d1": [f"{{account_id: a, api_token: {MARK}, database_id: d, {CLIENT}}}"],
    "exporters.datadog": [f"{{api: {{key: {MARK}}}, {CLIENT}, {HEADERS}}}"],
    "exporters.coralogix": [
        f"{{private_key: {MARK}, application_name: a, {where}: {{{TLS}, {HEADERS}}}, redact: {{hash_key: {MARK}}}, {address}}}"
        for where, address in (("logs", "domain: a.example"), ("domain_settings", "domain: h.example"))
    ],
    "exporters.logzio": [f"{{region: us, account_token: {MARK}, {CLIENT}, {HEADERS}}}"],
    "exporters.load_balancing": [
        f"{{resolver: {{static: {{hostnames: ['h:1']}}}}, protocol: {{otlp: {{{TLS}, {HEADERS}}}}}, redact: {{hash_key: {MARK}}}}}"
    ],
    "exporters.awscloudwatchlogs": [f"{{log_group_name: g, log_stream_name: s, region: r, redact: {{hash_key: {MARK}}}}}"],
    "exporters.loki": [f"{{endpoint: https://h.example, {CLIENT}, {HEADERS}}}"],
    "exporters.clickhouse": [f"{{endpoint: 'https://h.example:8443', username: u, password: {MARK}, {TLS}, redact: {{hash_key: {MARK}}}}}"],
    "exporters.googlecloud": [f"{{redact: {{hash_key: {MARK}}}}}"],
    "exporters.debug": [f"{{redact: {{hash_key: {MARK}}}}}"],
    "exporters.elasticsearch": [
        f"{{endpoints: [https://h], user: u, password: {MARK}, {CLIENT}, {HEADERS}}}", f"{{endpoints: [https://h], api_key: {MARK}}}",
    ],
    "exporters.email": [f"{{endpoint: 'h:587', sender: a@b.com, to: [c@b.com], username: u, password: {MARK}, {CLIENT}}}"],
    "exporters.file": [f"{{path: x.json, redact: {{hash_key: {MARK}}}}}"],
    "exporters.github": [f"{{repository: o/r, token: {MARK}, {CLIENT}, {HEADERS}}}"],
    "exporters.jira": [f"{{endpoint: 'https://h', email: a@b.com, token: {MARK}, project: OPS, {CLIENT}, {HEADERS}}}"],
    "exporters.jsm": [f"{{key: {MARK}, {CLIENT}, {HEADERS}}}"],
    "exporters.kafka": [
        f"{{auth: {{sasl: {{username: u, password: {MARK}}}}}, record_headers: {{x: {MARK}}}, {CLIENT}}}",
        f"{{auth: {{plain_text: {{username: u, password: {MARK}}}, {TLS}}}}}",
    ],
    "exporters.kv": [f"{{account_id: a, api_token: {MARK}, namespace_id: n, {CLIENT}}}"],
    "exporters.nop": [f"{{redact: {{hash_key: {MARK}}}}}"],
    "exporters.apprise": [f"{{urls: ['discord://{MARK}/x'], redact: {{hash_key: {MARK}}}}}"],
    "exporters.openai": [f"{{endpoint: 'https://h/v1', model: m, api_key: {MARK}, {CLIENT}, {HEADERS}}}"],
    "exporters.otlp_grpc": [f"{{endpoint: 'h:1', {CLIENT}, {HEADERS}}}"],
    "exporters.otlp_http": [f"{{endpoint: https://h, {CLIENT}, {HEADERS}}}"],
    "exporters.pagerduty": [f"{{routing_key: {MARK}, {CLIENT}, {HEADERS}}}"],
    "exporters.sentinel": [
        f"{{endpoint: https://h, dcr_id: d, stream: s, tenant_id: t, client_id: c, client_secret: {MARK}, {CLIENT}, {HEADERS}}}"
    ],
    "exporters.servicenow": [
        f"{{endpoint: 'https://h', username: u, password: {MARK}, {CLIENT}, {HEADERS}}}", f"{{endpoint: 'https://h', api_key: {MARK}}}",
    ],
    "exporters.slack": [f"{{url: 'https://h/{MARK}', {CLIENT}, {HEADERS}}}", f"{{token: 'xoxb-{MARK}', channel: C1}}"],
    "exporters.sms": [
        f"{{account_sid: AC{'0' * 32}, auth_token: {MARK}, sender: '+4915112345678', to: ['+4915112345679'], {CLIENT}, {HEADERS}}}"
    ],
    "exporters.splunk_hec": [f"{{endpoint: https://h, token: {MARK}, {CLIENT}, {HEADERS}}}"],
    "exporters.sqlite": [f"{{redact: {{hash_key: {MARK}}}}}"],
    "exporters.syslog": [f"{{endpoint: h, {CLIENT}}}"],
    "exporters.teams": [f"{{url: 'https://h/{MARK}', {CLIENT}, {HEADERS}}}"],
    "exporters.webhook": [f"{{url: 'https://h/{MARK}', signing_secrets: ['{SIGNING}'], {CLIENT}, {HEADERS}}}"],
    "processors.enrich": [f"{{key: k, http: {{url: 'https://h/{{keys}}', {TLS}, {HEADERS}}}}}"],
    "processors.redact": [f"{{action: hash, hash_key: {MARK}}}"],
    "processors.redaction": [f"{{hmac_key: {MARK}}}"],
    "extensions.backup": [f"{{to: 's3://b', storage: {{access_key_id: shown, secret_access_key: {MARK}}}}}"],
    "extensions.basicauth": [f"{{htpasswd: {{inline: 'a:{MARK}'}}}}", f"{{client_auth: {{username: u, password: {MARK}}}}}"],
    "extensions.bearertokenauth": [f"{{token: {MARK}}}", f"{{tokens: [{MARK}]}}"],
    "extensions.headers_setter": [
        f"{{headers: [{{key: x, value: {MARK}}}, {{key: y, from_context: y, default_value: {MARK}}}]}}"
    ],
    "extensions.oauth2client": [
        f"{{client_id: i, client_secret: {MARK}, token_url: https://h, {TLS}}}",
        f"{{client_id: i, token_url: https://h, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_certificate_key: {MARK}}}",
    ],
}  # fmt: skip
CASES = [(name, text) for name, texts in WITH.items() for text in texts]
IDS = [f"{name} {number}" for name, texts in WITH.items() for number, _ in enumerate(texts)]
REST = {
    "receivers": "otlp/rest: {protocols: {http: {endpoint: 'localhost:0'}}}",
    "exporters": "nop/rest: ",
}


def config(name: str, text: str) -> str:
    """A configuration in which the component runs."""
    section, _, component = name.partition(".")
    lines = (
        {**REST, section: f"{REST[section]}, {component}: {text}"}
        if section in REST
        else {**REST, section: f"{component}: {text}"}
    )
    sections = "\n".join(f"{key}: {{{value}}}" for key, value in lines.items())
    receivers = ["otlp/rest", *([component] if section == "receivers" else [])]
    exporters = ["nop/rest", *([component] if section == "exporters" else [])]
    own = f"extensions: [{component}], " if section == "extensions" else ""
    processors = f", processors: [{component}]" if section == "processors" else ""
    return f"{sections}\nservice: {{{own}pipelines: {{logs: {{receivers: {receivers}, exporters: {exporters}{processors}}}}}}}\n"


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exception)
    return result.output


def secrets(value: Any, path: str = "") -> Iterator[str]:
    """The options that hold a secret, as the table of options calls them."""
    if isinstance(value, SecretStr) and value.get_secret_value():
        yield path
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from secrets(getattr(value, field), f"{path}.{field}" if path else field)
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            nested = isinstance(item, BaseModel)
            yield from secrets(item, f"{path}[]" if nested else path)


@pytest.mark.parametrize(("name", "text"), CASES, ids=IDS)
def test_commands_that_show_it(tmp_path, name: str, text: str) -> None:
    """As it is, and with a mistake beside the secret, and below it."""
    file = tmp_path / "logboom.yaml"
    wrong = [text, f"{text[:-1]}, no_such_option: 1}}", f"{text[:-1]}, timeout: [1], retry_on_failure: 7}}"]
    wrong += [text.replace(MARK, f"[{MARK}, {{a: {MARK}}}]", 1), text.replace(MARK, f"{{{MARK}: {MARK}}}", 1)]
    for written in wrong:
        file.write_text(config(name, written))
        said = shown("validate", "--config", str(file)) + shown("print-config", "--config", str(file))
        if written is text:
            said += shown("doctor", "--json", "--config", str(file), "--data-dir", str(tmp_path / "data"))
        assert said
        assert not [mark for mark in MARKS if mark in said], (written, said)


@pytest.mark.parametrize(("name", "text"), CASES, ids=IDS)
def test_the_options_themselves_show_none(name: str, text: str) -> None:
    """A traceback or a log line that holds them."""
    kind, _, component = name.partition(".")
    settings = load([f"yaml:{config(name, text)}"], environ={})
    options_of = settings.components(Kind(kind))[component].config
    assert list(secrets(options_of))
    for said in (repr(options_of), str(options_of), json.dumps(options_of.model_dump(mode="json"), default=str)):
        assert not [mark for mark in MARKS if mark in said]


def declared() -> dict[str, set[str]]:
    """Component → its options that are secrets."""
    found: dict[str, set[str]] = {}
    for kind in Kind:
        for factory in default_registry().factories(kind):
            secret = {option.name for option in options(factory.config) if re.search(r"(?<!`)\bsecret\b", option.type)}
            if secret:
                found[f"{kind}.{factory.name}"] = secret
    return found


def test_every_secret_of_every_component_has_a_marker_above() -> None:
    """A new one must be walked, too."""
    walked: dict[str, set[str]] = {}
    for name, text in CASES:
        kind, _, component = name.partition(".")
        settings = load([f"yaml:{config(name, text)}"], environ={})
        walked.setdefault(name, set()).update(secrets(settings.components(Kind(kind))[component].config))
    assert {
        name: wanted - walked.get(name, set())
        for name, wanted in declared().items()
        if wanted - walked.get(name, set())
    } == {}


SHOWN = {"cert_pem", "allowed_headers", "exposed_headers", "response_headers", "htpasswd"}
"""Named like secrets, and public."""


def test_what_is_named_like_a_secret_is_one() -> None:
    """Of components: an option that the core does not know as a secret would be told by errors, events and tracebacks."""
    plain = {
        f"{kind}.{factory.name}.{option.name}"
        for kind in Kind
        for factory in default_registry().factories(kind)
        for option in options(factory.config)
        if is_secret_name(option.name.rpartition(".")[2]) and "secret" not in option.type
    }
    left = {
        name
        for name in plain
        if name.rpartition(".")[2] not in SHOWN | {"extract_headers", "headers", "record_headers", "required_headers"}
    }
    assert left == set()
