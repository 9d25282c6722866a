"""systemd's manager on D-Bus, as far as a restart needs it.

Source: systemd, `org.freedesktop.systemd1(5)`: `LoadUnit`, `RestartUnit(unit, mode)`, properties `ActiveEnterTimestamp`,
`InactiveExitTimestamp` (µs since 1970), `Job`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError

from collector.responses.outcome import Again, NotDone

_NAME, _PATH = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
_MANAGER, _UNIT, _PROPERTIES = f"{_NAME}.Manager", f"{_NAME}.Unit", "org.freedesktop.DBus.Properties"
_BUSES = {"system": BusType.SYSTEM, "session": BusType.SESSION}


class Standing(NamedTuple):
    """How a unit is. `left`: when it began to start last, `entered`: when it became active last, µs since 1970, 0 = never; `job`: of what is
    under way, 0 = nothing; `oneshot`: it ends by itself, and systemd forgets all of it then, its times, too."""

    load: str
    active: str
    left: int
    entered: int
    job: int
    pid: int
    may_start: bool
    oneshot: bool = False

    def __str__(self) -> str:
        return f"{self.active}, process {self.pid}" if self.pid else self.active


class Manager:
    """One connection."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    @classmethod
    async def connect(cls, bus: str, address: str) -> Manager:
        """Raises `Again`: nobody is there."""
        try:
            made = MessageBus(bus_address=address or None, bus_type=_BUSES[bus])
            return cls(await made.connect())
        except (OSError, AuthError, DBusError, EOFError, ValueError) as error:
            raise Again(f"the bus does not answer: {error or type(error).__name__}") from error

    def close(self) -> None:
        """Hang up."""
        self._bus.disconnect()

    async def standing(self, unit: str) -> Standing:
        """How it is. Raises `NotDone`: there is none."""
        (path,) = await self._call(_PATH, _MANAGER, "LoadUnit", "s", [unit])
        (found,) = await self._call(path, _PROPERTIES, "GetAll", "s", [_UNIT])
        said = {name: variant.value for name, variant in found.items()}
        if said["LoadState"] != "loaded":
            raise NotDone(f"the unit is {said['LoadState']}")
        pid, oneshot = 0, False
        if unit.endswith(".service"):
            (of_service,) = await self._call(path, _PROPERTIES, "GetAll", "s", [f"{_NAME}.Service"])
            pid, oneshot = int(of_service["MainPID"].value), of_service["Type"].value == "oneshot"
        return Standing(
            said["LoadState"], said["ActiveState"], int(said["InactiveExitTimestamp"]), int(said["ActiveEnterTimestamp"]),
            int(said["Job"][0]), pid, bool(said["CanStart"]) and not said["RefuseManualStart"], oneshot,
        )  # fmt: skip

    async def restart(self, unit: str) -> None:
        """Queue it; what is queued already becomes this."""
        await self._call(_PATH, _MANAGER, "RestartUnit", "ss", [unit, "replace"])

    async def _call(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> list[Any]:
        message = Message(
            destination=_NAME, path=path, interface=interface, member=member, signature=signature, body=body
        )
        try:
            answer = await self._bus.call(message)
        except (OSError, EOFError, DBusError) as error:
            raise Again(f"the bus hung up: {error or type(error).__name__}") from error
        if answer is None:
            raise Again("the bus hung up")
        if answer.message_type is MessageType.ERROR:
            name = str(answer.error_name).rpartition(".")[2]
            said = str(answer.body[0])[:300] if answer.body else ""
            raise NotDone(f"systemd says {name}: {said}")
        return list(answer.body)
