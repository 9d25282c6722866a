"""Reports to an OpAMP server how this logboom does and what it runs, and takes configurations from there where it may; a process of its own does it."""

from collector.component import Factory, Kind
from collector.extensions.opamp.config import OpampConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="opamp",
    config=OpampConfig,
    behaviour="",
    summary="reports health, effective configuration and components to an OpAMP server; takes configurations from it where it may",
    stability="beta",
    differs=(
        "may take remote configurations, as the Collector's OpAMP Supervisor does",
        "custom messages and packages are not taken",
    ),
    local_reason="it is the link to the server itself",
)  # fmt: skip
