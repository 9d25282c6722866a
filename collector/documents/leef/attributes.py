"""The predefined event attributes of LEEF.

Source: IBM QRadar DSM Configuration Guide, "Predefined LEEF event attributes". QRadar reads the normalised ones into the
fields of an event; the others need a custom event property. A key stands in an event once.
"""

from __future__ import annotations

from dataclasses import dataclass

EVENT_ID_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Attribute:
    """One line of the guide. `length` 0: no limit in characters."""

    key: str
    type: str
    normalised: bool
    length: int = 0


_NORMALISED = """
cat string
devTime date
proto keyword
sev integer
src address
dst address
srcPort integer
dstPort integer
srcPreNAT address
dstPreNAT address
srcPostNAT address
dstPostNAT address
usrName string 255
srcMAC mac
dstMAC mac
srcPreNATPort integer
dstPreNATPort integer
srcPostNATPort integer
dstPostNATPort integer
identSrc address
identHostName string 255
identNetBios string 255
identGrpName string 255
"""
_OTHER = """
devTimeFormat string
vSrc address
vSrcName string 255
accountName string 255
srcBytes integer
dstBytes integer
srcPackets integer
dstPackets integer
totalPackets integer
role string
realm string
policy string
resource string
url string
groupID string
domain string
"""


def _listed(table: str, normalised: bool) -> list[Attribute]:
    lines = (line.split() for line in table.strip().splitlines())
    return [Attribute(key, kind, normalised, int(length[0]) if length else 0) for key, kind, *length in lines]


PREDEFINED = {line.key: line for line in _listed(_NORMALISED, True) + _listed(_OTHER, False)}
"""Key → its line."""

RESERVED = frozenset(
    ["isLoginEvent", "isLogoutEvent", "identMAC", "identSecondlp", "calLanguage", "calCountryOrRegion"]
)
"""In the guide, without effect in QRadar: never set."""
