"""What came with a request beside its records, as far as a component asks for it: headers, who sent it, and from where.

It is carried with the records, and only where something of the configuration asks (`Wanted`): in the journal's entry, as the column
`CLIENT` of a batch's payloads, in the outbox, in dead letters. There it is one text, the same for the same values. Headers may be
credentials: nothing that people read shows them (`repr` neither), and no value of them says whose a record is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

CLIENT = "client"
"""Column that the payloads of a batch may have (String; null, absent or empty: nothing came): `ClientInfo.text`."""
_REMEMBERED = 1024
_METADATA, _AUTH, _ADDRESS = "metadata.", "auth.", "client.address"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Args:
        metadata: names of headers, in lower case.
        auth: attributes of who sent (`username`, `subject`, …).
        address: from where.
    """

    metadata: frozenset[str] = frozenset()
    auth: frozenset[str] = frozenset()
    address: bool = False

    @classmethod
    def headers(cls, names: Iterable[str]) -> Wanted:
        """These headers."""
        return cls(frozenset(name.lower() for name in names))

    @classmethod
    def named(cls, name: str) -> Wanted:
        """What a `from_context` names: `metadata.x`, `auth.x`, `client.address`; anything else is a header."""
        if name == _ADDRESS:
            return cls(address=True)
        if name.startswith(_AUTH):
            return cls(auth=frozenset({name.removeprefix(_AUTH)}))
        return cls.headers([name.removeprefix(_METADATA)])

    def __bool__(self) -> bool:
        return bool(self.metadata or self.auth or self.address)

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(self.metadata | other.metadata, self.auth | other.auth, self.address or other.address)


NOTHING = Wanted()


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Of one request.

    Args:
        metadata: header, in lower case → its values.
        auth: attribute of who sent → its value.
        address: an IP address, empty for a unix socket; None: nobody asked.
    """

    metadata: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    auth: Mapping[str, str] = field(default_factory=dict, repr=False)
    address: str | None = None

    def text(self) -> str:
        """The same text for the same values; empty for none."""
        told = {"m": self.metadata, "u": self.auth, "a": self.address}
        kept = {name: value for name, value in told.items() if value or value == ""}
        return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode() if kept else ""

    def part(self, wanted: Wanted) -> ClientInfo:
        """What of it is asked for."""
        return ClientInfo(
            {name: values for name, values in self.metadata.items() if name in wanted.metadata},
            {name: value for name, value in self.auth.items() if name in wanted.auth},
            self.address if wanted.address else None,
        )

    def named(self, name: str) -> str | None:
        """What a `from_context` names, several values joined by `;` as the Collector joins them; None: it did not come."""
        if name == _ADDRESS:
            return self.address
        if name.startswith(_AUTH):
            return self.auth.get(name.removeprefix(_AUTH))
        values = self.metadata.get(name.removeprefix(_METADATA).lower())
        return ";".join(values) if values else None


NOBODY = ClientInfo()
SENT_WITH: ContextVar[ClientInfo] = ContextVar("sent_with", default=NOBODY)
"""While an exporter's `send` runs: what came with the records that it sends, the same for all of them."""


@lru_cache(_REMEMBERED)
def client_info(text: str | None) -> ClientInfo:
    """Of what `text` made. Raises ValueError for anything else."""
    if not text:
        return NOBODY
    told = orjson.loads(text)
    return ClientInfo(told.get("m", {}), told.get("u", {}), told.get("a"))


@lru_cache(_REMEMBERED)
def part_of(text: str | None, wanted: Wanted) -> str:
    """`ClientInfo.part` from text to text."""
    return client_info(text).part(wanted).text()
