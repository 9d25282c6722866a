"""Who reports: the header fields `Device Vendor`, `Device Product` and `Device Version`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True, slots=True)
class Device:
    """The three together should name one kind of sender; SIEM systems choose their parser by them."""

    vendor: str = "logboom"
    product: str = "logboom"
    version: str = version("logboom")
