"""The grouping of a record as the options want it: source maps, frames that are the program's own, rules, then the default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

from processors.issues.config import IssuesConfig
from processors.issues.grouping.fingerprint import Facts, Grouping, Read, grouping, read
from processors.issues.grouping.frames import Frame
from processors.issues.grouping.ruling import applied
from processors.issues.grouping.source_maps import SourceMaps

_RELEASE = "service.version"


class Judging:
    """`config`: what it wants."""

    def __init__(self, config: IssuesConfig) -> None:
        self._frames = config.frames
        self._rules = config.rules()
        self._maps = SourceMaps(config.source_maps) if config.source_maps is not None else None
        self._in_app, self._not_in_app = _any(config.in_app), _any(config.not_in_app)

    @property
    def tags(self) -> frozenset[str]:
        """Attributes that are asked for beyond those that every grouping looks at."""
        release = frozenset({_RELEASE}) if self._maps is not None else frozenset()
        return release.union(*(rule.tags for rule in self._rules))

    @property
    def reads_all(self) -> bool:
        """Rules may look at what the default would not."""
        return bool(self._rules)

    def group(self, facts: Facts, tags: dict[str, str]) -> Grouping:
        """Of one record, or of all that say the same."""
        return self.explained(facts, tags)[1]

    def explained(self, facts: Facts, tags: dict[str, str]) -> tuple[Read, Grouping]:
        """The same with what was read."""
        if self._maps is not None:
            release = tags.get(_RELEASE, "")
            texts = {name: self._maps.mapped(getattr(facts, name), release) for name in ("stack", "body")}
            facts = facts._replace(**texts)
        said = self._owned(read(facts))
        default = grouping(said, self._frames)
        return said, default if facts.explicit or not self._rules else applied(self._rules, said, tags, default)

    def _owned(self, said: Read) -> Read:
        if said.trace is None or (self._in_app is None and self._not_in_app is None):
            return said
        return Read(said.facts, said.trace._replace(frames=[self._frame(frame) for frame in said.trace.frames]))

    def _frame(self, frame: Frame) -> Frame:
        if self._not_in_app is not None and self._named(self._not_in_app, frame):
            return frame._replace(in_app=False)
        if self._in_app is not None and self._named(self._in_app, frame):
            return frame._replace(in_app=True)
        return frame

    @staticmethod
    def _named(pattern: re.Pattern[str], frame: Frame) -> bool:
        return bool(pattern.match(frame.place) or pattern.match(frame.function))


def _any(globs: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(translate(glob) for glob in globs)) if globs else None
