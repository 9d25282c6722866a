"""The options of LEEF that a user gets; exporters embed the block."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from collector.documents.device_event import Device
from collector.documents.leef.delimiter import delimiter_character
from collector.transport.block import Block

_OWN = Device()


class LeefConfig(Block):
    """How events are written in IBM's Log Event Extended Format."""

    device_vendor: str = Field(_OWN.vendor, min_length=1, max_length=255)
    """Vendor in the header; with the product it must name one kind of sender."""
    device_product: str = Field(_OWN.product, min_length=1, max_length=255)
    """Product in the header; QRadar finds the log source by vendor and product."""
    device_version: str = Field(_OWN.version, min_length=1, max_length=255)
    """Version of the product in the header."""
    version: Literal["1.0", "2.0"] = "2.0"
    """1.0 knows no other delimiter than the tab."""
    delimiter: str = "\t"
    """Between attributes: one character, or its code as `x5E`; not one that occurs in addresses, numbers or words."""
    extra_attributes: bool = False
    """Send attributes that no key stands for as keys of their own, `logboomHttpRoute`."""

    @model_validator(mode="after")
    def _check_leef(self) -> Self:
        if delimiter_character(self.delimiter) != "\t" and self.version == "1.0":
            raise ValueError("delimiter: LEEF 1.0 knows no other than the tab; write version: '2.0'")
        return self

    def device(self) -> Device:
        """Three fields of the header."""
        return Device(self.device_vendor, self.device_product, self.device_version)
