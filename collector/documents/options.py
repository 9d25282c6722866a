"""The options of document models (`collector.documents.models`), apart from the code so that reading them loads no polars."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from collector.component import Config

DocumentModel = Literal["json", "ocsf", "ecs", "cef", "leef", "text"]
"""How a record is written down as one line of text."""

JSON_MODELS = frozenset[DocumentModel]({"json", "ocsf", "ecs"})
"""Models whose texts are JSON objects."""

OcsfVersion = Literal["1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0"]


class OcsfConfig(Config):
    """`ocsf`: events of the Open Cybersecurity Schema Framework."""

    version: OcsfVersion = "1.5.0"
    """Version of the schema. Before 1.4.0 there is no Application Error: errors are Base Events."""
    product: str = Field("logboom", min_length=1, max_length=1024)
    """`metadata.product.name`."""
    vendor: str = Field("logboom", min_length=1, max_length=1024)
    """`metadata.product.vendor_name`."""
    raw_data: bool = False
    """Repeat the body as `raw_data`, untouched."""


class DeviceConfig(Config):
    """`device`: who reports, in the header of CEF and LEEF. SIEM systems choose their parser by it."""

    vendor: str = Field("logboom", min_length=1, max_length=63)
    """Device vendor."""
    product: str = Field("logboom", min_length=1, max_length=63)
    """Device product."""
    version: str = Field("", max_length=31)
    """Device version; empty = that of logboom."""


class DocumentOptions(Config):
    """Base of exporters that let people choose a model."""

    ocsf: OcsfConfig = OcsfConfig()
    """For OCSF."""
    device: DeviceConfig = DeviceConfig()
    """For CEF and LEEF."""
