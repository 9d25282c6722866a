"""An OTLP receiver on free ports with a journal in memory behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.admission.admission import Admission
from collector.admission.steps import Check, checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.receivers.otlp import FACTORY
from collector.receivers.otlp.config import OtlpReceiverConfig
from collector.receivers.otlp.receiver import OtlpReceiver
from collector.testing.intake import MemoryIntake


@dataclass(frozen=True, slots=True)
class Receiving:
    """What a test holds: the receiver, what came through, and where it listens."""

    receiver: OtlpReceiver
    intake: MemoryIntake
    admission: Admission

    @property
    def grpc(self) -> str:
        """`host:port` of gRPC."""
        return self.receiver.endpoints()["grpc"]

    @property
    def http(self) -> str:
        """`host:port` of HTTP."""
        return self.receiver.endpoints()["http"]


def otlp_config(overrides: Mapping[str, Any] | None = None) -> OtlpReceiverConfig:
    """Both protocols on free loopback ports, with `overrides` merged into the block."""
    base = {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}
    return OtlpReceiverConfig.model_validate(_merged(base, overrides or {}))


@contextlib.contextmanager
def receiving(
    overrides: Mapping[str, Any] | None = None,
    *,
    intake: MemoryIntake | None = None,
    rules: DomainRules | None = None,
    extensions: Mapping[str, Any] | None = None,
    before: Sequence[Check] = (),
    behind: Sequence[Check] = (),
    **admission_options: Any,
) -> Iterator[Receiving]:
    """A started receiver; it is shut down at the end."""
    kept = intake or MemoryIntake()
    admission = Admission(checks(DomainResolver(rules or DomainRules()), before, behind), kept, **admission_options)
    receiver = FACTORY.create(otlp_config(overrides), Context("otlp", Path(), extensions=extensions or {}))
    receiver.start(admission)
    try:
        yield Receiving(receiver, kept, admission)
    finally:
        receiver.shutdown(5.0)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result
