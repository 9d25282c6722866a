"""Listeners that others reach and nobody guards, beside credentials that give domains."""

from __future__ import annotations

import pytest
import yaml

from collector.errors import ConfigError
from collector.settings import load

PLAIN = """
receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}, http: {endpoint: "localhost:4318"}}}}
exporters: {nop: }
service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}
"""
KEYS = {"extensions": {"api_keys": {}}, "service": {"extensions": ["api_keys"]}}
GUARD = {"receivers": {"otlp": {"protocols": {"grpc": {"auth": {"authenticator": "api_keys"}}}}}}
ANONYMOUS = {"receivers": {"otlp": {"allow_anonymous": True}}}


def loaded(*changes) -> str:
    """The warnings, or what is refused."""
    try:
        return "\n".join(
            load([f"yaml:{PLAIN}", *(f"yaml:{yaml.safe_dump(change)}" for change in changes)], environ={}).warnings
        )
    except ConfigError as error:
        return "refused: " + error.problems[0].message


CASES = {
    "nobody is asked": ([], "0.0.0.0:4317 can be reached from other machines and nothing checks who sends"),
    "keys, and nobody is asked": ([KEYS], "refused: receivers.otlp.protocols.grpc.endpoint"),
    "keys, and it was meant": ([KEYS, ANONYMOUS], "refused: receivers.otlp.protocols.grpc.endpoint"),
    "keys are asked for; the other listener is on loopback": ([KEYS, GUARD], ""),
}


@pytest.mark.parametrize(("changes", "expected"), CASES.values(), ids=CASES)
def test_open_beside_keys(changes, expected):
    """Credentials that give domains mean several: a listener that asks nobody would let whoever comes choose one."""
    found = loaded(*changes)
    assert expected in found
    assert ("lets several domains send" in found) is found.startswith("refused")
