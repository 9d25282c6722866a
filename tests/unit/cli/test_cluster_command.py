"""`logboom cluster status` where there is nothing to say."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.cluster import status
from collector.cluster.connecting import remember
from collector.cluster.options import KafkaLedgerConfig


def test_a_directory_of_no_cluster(tmp_path: Path) -> None:
    """Says what would make it one."""
    result = CliRunner().invoke(app, ["cluster", "status", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "service.ledger.kafka" in result.output


def test_brokers_that_do_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence, not a traceback; without the password."""
    monkeypatch.setattr(status, "read_all", partial(status.read_all, secs=1.0))
    auth = {"sasl": {"mechanism": "PLAIN", "username": "me", "password": "sesame"}}
    remember(tmp_path, KafkaLedgerConfig.model_validate({"brokers": ["127.0.0.1:1"], "auth": auth}), 4)
    result = CliRunner().invoke(app, ["cluster", "status", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "logboom.status can't be read" in result.output
    assert "sesame" not in result.output
