"""logboom's own log lines: one line each, whatever a destination or a sender wrote."""

from __future__ import annotations

import json
import logging

import pytest

from collector.telemetry import own_logs

FORGED = "mapping error: 'x\n2026-01-01 00:00:00 ERROR logboom: all lost\r\x1b[2J\x85\u2028end'"


@pytest.fixture(autouse=True)
def root_logger():
    """The root logger as it was."""
    root, ours = logging.getLogger(), logging.getLogger("logboom")
    handlers, level, own = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(own)


def said(encoding, capsys, *arguments, **options):
    own_logs.configure(encoding=encoding)
    logging.getLogger("logboom.test").warning(*arguments, **options)
    return capsys.readouterr().err


def test_a_message_cannot_become_two_lines(capsys):
    """Nor move the cursor of who reads it on a terminal."""
    text = said("console", capsys, "exporter %s: %s", "es", FORGED)
    assert text.count("\n") == 1
    assert text.splitlines()[0].isprintable()
    assert r"'x\n2026-01-01 00:00:00 ERROR logboom: all lost\r\x1b[2J\x85\u2028end'" in text
    line = said("json", capsys, "%s", FORGED)
    assert line.count("\n") == 1
    assert json.loads(line)["message"] == FORGED


def test_a_traceback_keeps_its_lines(capsys):
    """They are logboom's own."""
    try:
        raise ValueError("broken")
    except ValueError:
        text = said("console", capsys, "failed", exc_info=True)
    assert text.splitlines()[-1] == "ValueError: broken"
    assert len(text.splitlines()) > 2


def test_the_level_is_of_our_own_loggers(capsys):
    """Libraries speak from WARNING on."""
    own_logs.configure("debug")
    logging.getLogger("logboom.test").debug("ours")
    logging.getLogger("asyncio").info("theirs")
    assert [line.rpartition(" ")[2] for line in capsys.readouterr().err.splitlines()] == ["ours"]
