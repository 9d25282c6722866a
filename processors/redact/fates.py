"""What the name of an attribute, or of a member of a map, means for its value; asked once for each name."""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache

from collector.privacy.classes.named_secrets import is_secret_name
from collector.shaping.names import Names
from processors.redact.config import RedactConfig

ATTRIBUTES, SECRET = "attributes", "secret"
_KEPT = 8192
_IDS = (
    "trace_id", "traceid", "trace.id", "span_id", "spanid", "span.id", "parent_id", "parent_span_id", "*.trace_id", "*.span_id", "*.traceid", "*.spanid", "traceparent",
    "log.record.uid", "logboom.*.id", "record_id",
)  # fmt: skip


class Fate(Enum):
    """What becomes of a value."""

    STAYS = auto()
    READ = auto()
    NAMED = auto()  # it is one of `attributes`
    SECRET = auto()


class Fates:
    """The lists of the options."""

    def __init__(self, config: RedactConfig) -> None:
        self.attributes = Names(config.attributes, ignore_case=True)
        self._ignored = Names([*config.ignored_keys, *_IDS], ignore_case=True)
        self._secrets = "secret" in config.classes
        self.of = lru_cache(_KEPT)(self._fate)
        paths = Names([name for name in config.attributes if "." in name or "*" in name.strip("*")], ignore_case=True)
        self.reached = paths.__contains__ if paths else None

    def hides(self, key: str) -> bool:
        """Whether the name alone hides a value."""
        return self.of(key) in (Fate.NAMED, Fate.SECRET)

    def class_of(self, key: str) -> str:
        """Of a name that hides a value: `attributes` where it, or a path that ends in it, is one of these, else `secret`."""
        return SECRET if self.of(key) is Fate.SECRET else ATTRIBUTES

    @property
    def hints(self) -> list[str]:
        """An expression that is found wherever one of `attributes` may be reached."""
        return [""] if self.attributes else []

    def _fate(self, key: str) -> Fate:
        if key in self.attributes:
            return Fate.NAMED
        if key in self._ignored:
            return Fate.STAYS
        return Fate.SECRET if self._secrets and is_secret_name(key) else Fate.READ
