"""The options of CEF that a user gets; exporters embed the block."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collector.documents.device_event import Device
from collector.transport.block import Block

_OWN = Device()


class CefConfig(Block):
    """How events are written in ArcSight's Common Event Format."""

    device_vendor: str = Field(_OWN.vendor, min_length=1, max_length=63)
    """Device Vendor in the header; with the product it must name one kind of sender."""
    device_product: str = Field(_OWN.product, min_length=1, max_length=63)
    """Device Product in the header; SIEM systems choose their parser by vendor and product."""
    device_version: str = Field(_OWN.version, min_length=1, max_length=31)
    """Device Version in the header."""
    version: Literal[0, 1] = 0
    """0: `CEF:0`, which every consumer reads; 1: `CEF:1`, with the keys that specification 1.2 added."""
    extra_attributes: bool = False
    """Send attributes that no key of the dictionary stands for as keys of their own, `logboomHttpRoute`."""

    def device(self) -> Device:
        """The three parts of the header."""
        return Device(self.device_vendor, self.device_product, self.device_version)
