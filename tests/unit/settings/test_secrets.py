"""Secrets stay out of messages and quoted lines."""

from __future__ import annotations

import pytest

from collector.settings.redaction import is_secret_name, redact_line, redact_message
from collector.settings.tree import Place, Scalar

SECRET = ["password", "api_key", "apikey", "token", "tokens", "client_secret", "access_token", "authorization", "Authorization",
          "x-api-key", "key_pem", "credentials", "dd_api_key", "sas_token", "passphrase", "private_key", "db_password",
          "hash_key", "headers"]  # fmt: skip
OPEN = [
    "endpoint",
    "timeout",
    "key",
    "key_file",
    "cert_file",
    "authenticator",
    "auth",
    "token_file",
    "metadata_keys",
    "name",
]


@pytest.mark.parametrize("name", SECRET)
def test_secret_names(name: str) -> None:
    """Options that hold a secret."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OPEN)
def test_other_names(name: str) -> None:
    """Options that do not."""
    assert not is_secret_name(name)


LINES: dict[str, tuple[str, str]] = {
    "block style": ("  password: hunter2", "  password: [redacted]"),
    "quoted": ('  token: "hunter2 x"', "  token: [redacted]"),
    "flow style": ("a: {token: hunter2, b: 1}", "a: {token: [redacted], b: 1}"),
    "list in flow style": ("tokens: [hunter2, hunter2]", "tokens: [redacted]"),
    "map in flow style": (
        'http: {headers: {A: "hunter2", B: ${env:B}, C: x}, b: 1}',
        "http: {headers: [redacted], b: 1}",
    ),
    "secret in an open map": ("api: {site: eu, api_key: hunter2}", "api: {site: eu, api_key: [redacted]}"),
    "expression stays": ("password: ${env:PASSWORD}", "password: ${env:PASSWORD}"),
    "bearer in text": ("x: Bearer hunter2", "x: Bearer [redacted]"),
    "user info": ("endpoint: http://me:hunter2@host:1", "endpoint: http://[redacted]@host:1"),
    "nothing secret": ("endpoint: http://host:1", "endpoint: http://host:1"),
    "key alone": ("password:", "password:"),
}


@pytest.mark.parametrize(("line", "shown"), LINES.values(), ids=LINES)
def test_quoted_line(line: str, shown: str) -> None:
    """What is shown of a line of the file."""
    assert redact_line([line], 1) == shown


def test_lines_below_a_secret_are_hidden_whole() -> None:
    """Block scalars and lists."""
    lines = ["tls:", "  key_pem: |", "    -----BEGIN", "    hunter2", "  ca_file: x"]
    assert [redact_line(lines, number) for number in (3, 4, 5)] == ["    [redacted]", "    [redacted]", "  ca_file: x"]


def test_message_loses_the_value_and_what_is_left_of_it() -> None:
    """A validator may quote a part of the value: then the whole sentence goes."""
    node = Scalar("http://me:hunter2@host", Place(), "http://me:hunter2@host", "env:URL")
    assert redact_message("cannot use 'http://me:hunter2@host' here", node) == "cannot use [redacted] here"
    assert redact_message("password hunter2 is too short", node) == "the value is not valid here ([redacted])"


def test_short_values_are_hidden_too() -> None:
    """A PIN is a secret as well."""
    node = Scalar(42, Place(), "42", "env:PIN")
    assert redact_message("'42' is too short", node) == "[redacted] is too short"
    assert redact_message("42 has no unit: write 42s", node) == "the value is not valid here ([redacted])"


def test_message_of_an_open_value_is_untouched() -> None:
    """Everything else helps."""
    assert redact_message("'abc' is no URL", Scalar("abc", Place(), "abc"), "endpoint") == "'abc' is no URL"
