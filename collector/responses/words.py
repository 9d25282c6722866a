"""Names that others rely on: of events and commands of responses."""

from __future__ import annotations

from collector.reserved import COMMANDS

EVENTS = "logboom.response."
"""How the events of each step begin; behind it the state."""
BREAKER = "logboom.response.breaker"
"""The rule of the alert that a breaker is open."""

APPROVE = f"{COMMANDS}response.approve"
DENY = f"{COMMANDS}response.deny"
STOP = f"{COMMANDS}response.stop"
RESUME = f"{COMMANDS}response.resume"
RESET = f"{COMMANDS}response.reset"
CLAIM = f"{COMMANDS}response.claim"
"""Of an exporter: may it act now?"""
REPORT = f"{COMMANDS}response.report"
"""Of an exporter: what came of it."""
OF_RESPONSES = (APPROVE, DENY, STOP, RESUME, RESET, CLAIM, REPORT)

ID = "logboom.response.id"
ATTEMPT = "logboom.response.attempt"
REPEATABLE = "logboom.response.repeatable"
STATE = "logboom.response.state"
REASON = "logboom.response.reason"
WAS, BECAME = "logboom.response.was", "logboom.response.became"
EXPORTER, TARGET = "logboom.response.exporter", "logboom.response.target"
