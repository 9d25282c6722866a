"""Options of the `systemd` exporter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from collector.delivery.response_options import ResponseOptions

Unit = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.\\@-]{1,240}\.(service|socket|timer|target|path)$")]


class SystemdConfig(ResponseOptions):
    """Delivery, and the units that may be restarted."""

    units: list[Unit] = Field(min_length=1)
    """What may be restarted, and nothing else."""
    bus: Literal["system", "session"] = "system"
    """`session`: the user's own manager."""
    address: str = ""
    """Of another bus, as D-Bus writes it: `unix:path=/run/host/dbus/system_bus_socket`."""

    def destination(self) -> str:
        """For people."""
        return self.address or f"the {self.bus} bus"
