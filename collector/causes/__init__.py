"""What changed, and what probably caused it: contrasts of the records of a fault with others, as pure functions on frames."""

from __future__ import annotations

from collector.causes.cause import Cause, Finding, Suspect
from collector.causes.deployed import Deployed
from collector.causes.frame import frame
from collector.causes.onset import Window, baseline_windows, fault_window, onset
from collector.causes.suggestion import Known, Resolution, Suggestion, suggest
from collector.causes.verdict import judge

__all__ = [
    "Cause", "Deployed", "Finding", "Known", "Resolution", "Suggestion", "Suspect", "Window", "baseline_windows", "fault_window",
    "frame", "judge", "onset", "suggest",
]  # fmt: skip
