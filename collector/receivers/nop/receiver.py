"""The `nop` receiver."""

from __future__ import annotations

from collections.abc import Mapping

from collector.admission.admission import Admission
from collector.component import Context
from collector.receivers.nop.config import NopReceiverConfig


class NopReceiver:
    """Listens nowhere, so that it can neither fail nor fall silent."""

    per_process = True

    def __init__(self, config: NopReceiverConfig, context: Context) -> None: ...

    def start(self, admission: Admission, *, share_port: bool = False) -> None:
        """There is nothing to begin."""

    def stop_intake(self) -> None:
        """Nothing comes in."""

    def shutdown(self, deadline_secs: float) -> None:
        """Nothing to end."""

    def endpoints(self) -> Mapping[str, str]:
        """None."""
        return {}

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """None."""
        return {}

    def silent_secs(self) -> float:
        """It has no loop."""
        return 0.0
