"""The options of d1: what is refused, and the ready configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from collector.cli import app
from exporters.d1.config import D1Config
from exporters.d1.requests import Places

READY = Path(__file__).parents[4] / "config" / "cloudflare.yaml"
ACCOUNT = {"account_id": "a", "api_token": "secret-of-mine"}

REFUSED = [
    ({}, "no database"),
    ({"database_id": "x", "database_name": "y"}, "exclude each other"),
    ({"database_id": "x", "auto_create": True}, "auto_create needs database_name"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED)
def test_which_database_must_be_clear(options, said):
    """One sentence each."""
    with pytest.raises(ValidationError, match=said):
        D1Config(**ACCOUNT, **options)


def test_a_domain_leads_to_a_place():
    """The map first, then the name or the id; nothing when there is neither."""
    assert Places({"a.com": "1"}, "2", "").of("a.com") == "1"
    assert Places({"a.com": "1"}, "2", "").of("b.com") == "2"
    assert Places({}, "", "logs-{domain}").of("b.com") == "name:logs-b-com"
    assert Places({"a.com": "1"}, "", "").of("b.com") == ""
    assert Places({"a.com": "1"}, "", "logs").fixed() == ["1", "name:logs"]


def test_the_ready_configuration_is_valid_and_shows_no_token(monkeypatch):
    """`logboom validate` tells the price of a record, and nothing of the credential."""
    for name in ("ACCOUNT_ID", "D1_DATABASE_ID", "KV_NAMESPACE_ID"):
        monkeypatch.setenv(f"CLOUDFLARE_{name}", "x")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "secret-of-mine")
    result = CliRunner().invoke(app, ["validate", "--config", str(READY)])
    assert result.exit_code == 0, result.output
    assert "billed rows a record" in result.output
    assert "secret-of-mine" not in result.output
