"""The ArcSight extension dictionary: the keys that a producer may set.

Source: ArcSight Common Event Format, Implementation Standard, version 27 (SmartConnectors 25.1), chapter 2; `c6a2` is
named by its chapter "Special Mappings". Lengths are characters of the value before escaping. Keys since 1.2 belong to
`CEF:1` alone. Keys that ArcSight sets itself, which no producer may set, are in `CONSUMER_KEYS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """Data types of the dictionary."""

    STRING = "string"
    INTEGER = "integer"
    LONG = "long"
    DOUBLE = "double"
    TIMESTAMP = "timestamp"
    IPV4 = "IPv4 address"
    IPV6 = "IPv6 address"
    MAC = "MAC address"


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the dictionary. `length` 0: the type says it."""

    key: str
    full_name: str
    type: Type
    length: int = 0
    since: str = "0.1"


_TABLE = """
act deviceAction string 63
app applicationProtocol string 31
cat deviceEventCategory string 1023
cnt baseEventCount integer
destinationDnsDomain = string 255
destinationServiceName = string 1023
destinationTranslatedAddress = ipv4
destinationTranslatedPort = integer
deviceDirection = integer
deviceDnsDomain = string 255
deviceExternalId = string 255
deviceFacility = string 1023
deviceInboundInterface = string 128
deviceNtDomain = string 255
deviceOutboundInterface = string 128
devicePayloadId = string 128
deviceProcessName = string 1023
deviceTranslatedAddress = ipv4
dhost destinationHostName string 1023
dmac destinationMacAddress mac
dntdom destinationNtDomain string 255
dpid destinationProcessId integer
dpriv destinationUserPrivileges string 1023
dproc destinationProcessName string 1023
dpt destinationPort integer
dst destinationAddress ipv4
dtz deviceTimeZone string 255
duid destinationUserId string 1023
duser destinationUserName string 1023
dvc deviceAddress ipv4
dvchost deviceHostName string 100
dvcpid deviceProcessId integer
end endTime timestamp
externalId = string 40
fileCreateTime = timestamp
fileHash = string 255
fileId = string 1023
fileModificationTime = timestamp
filePath = string 1023
filePermission = string 1023
fileType = string 1023
flexDate1 = timestamp
flexDate1Label = string 128
flexString1 = string 1023
flexString1Label = string 128
flexString2 = string 1023
flexString2Label = string 128
fname filename string 1023
fsize fileSize integer
in bytesIn integer
msg message string 1023
oldFileCreateTime = timestamp
oldFileHash = string 255
oldFileId = string 1023
oldFileModificationTime = timestamp
oldFileName = string 1023
oldFilePath = string 1023
oldFilePermission = string 1023
oldFileSize = integer
oldFileType = string 1023
out bytesOut integer
outcome eventOutcome string 63
proto transportProtocol string 31
reason = string 1023
request requestUrl string 1023
requestClientApplication = string 1023
requestContext = string 2048
requestCookies = string 1023
requestMethod = string 1023
rt deviceReceiptTime timestamp
shost sourceHostName string 1023
smac sourceMacAddress mac
sntdom sourceNtDomain string 255
sourceDnsDomain = string 255
sourceServiceName = string 1023
sourceTranslatedAddress = ipv4
sourceTranslatedPort = integer
spid sourceProcessId integer
spriv sourceUserPrivileges string 1023
sproc sourceProcessName string 1023
spt sourcePort integer
src sourceAddress ipv4
start startTime timestamp
suid sourceUserId string 1023
suser sourceUserName string 1023
type = integer
"""
_SINCE_1_2 = """
agentTranslatedZoneKey = long
agentZoneKey = long
customerKey = long
dTranslatedZoneKey destinationTranslatedZoneKey long
dZoneKey destinationZoneKey long
deviceTranslatedZoneKey = long
deviceZoneKey = long
sTranslatedZoneKey sourceTranslatedZoneKey long
sZoneKey sourceZoneKey long
reportedDuration = long
reportedResourceGroupName = string 128
reportedResourceID = string 256
reportedResourceName = string 64
reportedResourceType = string 64
frameworkName = string 256
threatActor = string 40
threatAttackID = string 32
"""
_CUSTOM = (
    ("c6a{}", "deviceCustomIPv6Address{}", Type.IPV6, 0, 4),
    ("cfp{}", "deviceCustomFloatingPoint{}", Type.DOUBLE, 0, 4),
    ("cn{}", "deviceCustomNumber{}", Type.LONG, 0, 3),
    ("cs{}", "deviceCustomString{}", Type.STRING, 4000, 6),
    ("deviceCustomDate{}", "deviceCustomDate{}", Type.TIMESTAMP, 0, 2),
)


def _custom() -> Iterator[Key]:
    for key, full_name, type_, length, count in _CUSTOM:
        for number in range(1, count + 1):
            yield Key(key.format(number), full_name.format(number), type_, length)
            yield Key(f"{key.format(number)}Label", f"{full_name.format(number)}Label", Type.STRING, 1023)


def _listed(table: str, since: str) -> Iterator[Key]:
    for line in table.strip().splitlines():
        key, full_name, kind, *length = line.split()
        type_ = {"ipv4": Type.IPV4, "mac": Type.MAC}.get(kind) or Type(kind)
        yield Key(key, key if full_name == "=" else full_name, type_, int(length[0]) if length else 0, since)


DICTIONARY = {key.key: key for key in (*_listed(_TABLE, "0.1"), *_custom(), *_listed(_SINCE_1_2, "1.2"))}
"""Key → its line: 0.1 first, then the custom keys with their labels, then what 1.2 added."""

_CONSUMER_TABLE = """
agentDnsDomain agentNtDomain agentTranslatedAddress agentTranslatedZoneExternalID agentTranslatedZoneURI
agentZoneExternalID agentZoneURI agt ahost aid amac art at atz av customerExternalID customerURI
destinationTranslatedZoneExternalID destinationTranslatedZoneURI destinationZoneExternalID destinationZoneURI
deviceTranslatedZoneExternalID deviceTranslatedZoneURI deviceZoneExternalID deviceZoneURI dlat dlong eventId rawEvent
slat slong sourceTranslatedZoneExternalID sourceTranslatedZoneURI sourceZoneExternalID sourceZoneURI
"""
CONSUMER_KEYS = frozenset(_CONSUMER_TABLE.split())
"""Set by ArcSight after it took the event in."""
