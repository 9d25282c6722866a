"""The Open Cybersecurity Schema Framework as far as logs need it: versions, event classes, and what differs.

Source: https://schema.ocsf.io, classes and objects of 1.1.0 to 1.8.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.documents.options import OcsfVersion

MAX_TEXT = 65_535
"""Characters of a string field; a limit of the schema up to 1.3, kept for all so that no consumer is surprised."""

UNKNOWN, SUCCESS, FAILURE, OTHER = 0, 1, 2, 99


@dataclass(frozen=True, slots=True, eq=False)
class EventClass:
    """A class with the activities that are written; `UNKNOWN` is one of every class."""

    uid: int
    name: str
    category_uid: int
    category: str
    activities: Mapping[int, str]


_APPLICATION = (6, "Application Activity")
BASE = EventClass(0, "Base Event", 0, "Uncategorized", {})
FINDING = EventClass(2004, "Detection Finding", 2, "Findings", {1: "Create", 2: "Update", 3: "Close"})
LOGIN = EventClass(3002, "Authentication", 3, "Identity & Access Management", {1: "Logon", 2: "Logoff"})
HTTP = EventClass(
    4002,
    "HTTP Activity",
    4,
    "Network Activity",
    dict(enumerate(("Connect", "Delete", "Get", "Head", "Options", "Post", "Put", "Trace", "Patch"), 1)),
)
API = EventClass(6003, "API Activity", *_APPLICATION, {1: "Create", 2: "Read", 3: "Update", 4: "Delete"})
ERROR = EventClass(6008, "Application Error", *_APPLICATION, {1: "General Error"})


@dataclass(frozen=True, slots=True)
class Edition:
    """What a version allows. Each property is a difference between versions."""

    version: OcsfVersion

    @property
    def _minor(self) -> int:
        return int(self.version.split(".")[1])

    @property
    def application_error(self) -> bool:
        """Class 6008 exists; before, an error is a Base Event."""
        return self._minor >= 4

    @property
    def http_needs_both_ends(self) -> bool:
        """HTTP Activity requires `src_endpoint`."""
        return self._minor <= 2

    @property
    def http_needs_destination(self) -> bool:
        """HTTP Activity requires `dst_endpoint`, beside request and response."""
        return self._minor <= 3

    @property
    def patch(self) -> bool:
        """PATCH is a method and an activity; before, it is Other."""
        return self._minor >= 6

    @property
    def body_length(self) -> bool:
        """Requests and responses have `body_length`."""
        return self._minor >= 4

    @property
    def trace(self) -> bool:
        """The profile `trace` exists, for HTTP and API Activity."""
        return self._minor >= 4

    def host(self, event: EventClass) -> bool:
        """The profile `host` (`device`, `actor`) may be used with the class."""
        return self._minor >= 4 or event in (FINDING, LOGIN, HTTP)

    def response(self, event: EventClass) -> bool:
        """The class has `http_response`."""
        return event == HTTP or (self._minor >= 4 and event in (API, LOGIN))
