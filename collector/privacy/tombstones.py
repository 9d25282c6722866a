"""What is to be erased, and was: a tombstone for each erasure, until all that could bring the records back is old.

While there is work to do it holds the person's value, encrypted where anything is; afterwards only a keyed hash, by which dead letters that are
tried again and copies that are restored are still known. It is state of no domain: that of a domain goes with the domain's keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, Self

import orjson

from collector.component import Erasure, Subject
from collector.encryption import Keys
from collector.errors import KeyDestroyed
from collector.reserved import RECEIVER, SUBJECT_VALUE

KEEPER = RECEIVER
"""Whose state tombstones are: of who takes the commands that are logboom's own."""
OF_NONE = ""
"""Under which domain."""
PREFIX = b"erasure "
KEPT_SECS = 400 * 86_400


def name_of(id_: str) -> bytes:
    """Under which name the tombstone of an erasure stands."""
    return PREFIX + id_.encode()


class Stage(StrEnum):
    """How far a place is."""

    WAITS = "waits"
    WORKS = "works"
    AGAIN = "again"
    """It failed, and is tried again."""
    DONE = "done"
    CANNOT = "cannot"
    """It is not logboom's to erase there: `said` tells what an operator must do."""


OUTBOX: Literal["outbox"] = "outbox"
LETTERS: Literal["dead letters"] = "dead letters"
STATE, KEYS, ON_THE_WAY = "state", "keys", "on the way"


def destination(exporter: str) -> str:
    """The name of an exporter's place."""
    return f"exporter/{exporter}"


ENDED = (Stage.DONE, Stage.CANNOT)


@dataclass(frozen=True, slots=True)
class Place:
    """What became of an erasure at one place.

    Args:
        records: that were deleted, or counted.
        after: where to go on.
        said: what of it may remain, or why it is tried again; for people.
    """

    stage: Stage = Stage.WAITS
    records: int = 0
    after: str = ""
    said: str = ""
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One erasure, on disk.

    Args:
        attributes, value, in_texts: the subject; `value` is None when the domain as a whole is meant, or when all is done.
        pseudonym: keyed hash of the value; empty for the whole domain.
        counts_only: a dry run; it is forgotten after a day.
        places: name → how far it is.
        on_the_way: the process in whose memory records may have been when the outbox was done; empty: in nobody's.
        ended_unix_nano: 0 = there is something to do.
    """

    id: str
    domain: str
    who: str
    why: str
    asked_unix_nano: int
    before_unix_nano: int
    attributes: tuple[str, ...] = ()
    value: str | None = None
    in_texts: bool = False
    pseudonym: str = ""
    counts_only: bool = False
    places: Mapping[str, Place] = field(default_factory=dict)
    on_the_way: str = ""
    ended_unix_nano: int = 0

    @property
    def of_domain(self) -> bool:
        """The domain as a whole is meant."""
        return not self.pseudonym

    @property
    def records(self) -> int:
        """Over all places."""
        return sum(place.records for place in self.places.values())

    @property
    def erasure(self) -> Erasure:
        """As places are told, while there is something to do."""
        subject = None if self.of_domain else Subject(self.attributes, self.value or "", self.in_texts)
        return Erasure(self.id, self.domain, subject, self.before_unix_nano, self.counts_only)

    def at(self, name: str, place: Place) -> Self:
        """With another state of a place."""
        return replace(self, places={**self.places, name: place})

    def encoded(self, keys: Keys | None = None) -> bytes:
        """As it stands on disk. Raises `KeysUnavailable`."""
        hidden = self
        if self.value is not None and keys is not None and keys.seals:
            hidden = replace(self, value=keys.seal_text(self.domain, SUBJECT_VALUE, self.value))
        return orjson.dumps(asdict(hidden))

    @classmethod
    def decoded(cls, data: bytes, keys: Keys | None = None) -> Self:
        """What `encoded` made; without keys, or where they were destroyed, the value stays hidden. Raises `KeysUnavailable`."""
        told: dict[str, Any] = orjson.loads(data)
        places = {name: Place(**{**place, "stage": Stage(place["stage"])}) for name, place in told["places"].items()}
        if told["value"] is not None and keys is not None:
            with suppress(KeyDestroyed):
                told["value"] = keys.open_text(told["domain"], SUBJECT_VALUE, told["value"])
        return cls(**{**told, "attributes": tuple(told["attributes"]), "places": places})
