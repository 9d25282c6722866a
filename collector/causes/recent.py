"""What the records of a service came from lately, in some hundred bytes: its versions and hosts by five minutes, since when each version is
seen, and what was deployed. With the counts of an issue that is enough to say at once what it is concentrated in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from collector.causes.cause import Finding
from collector.causes.contrast import MOST_DISTINCT
from collector.causes.deployed import SOON_NS, Blamed, Deployed, concentrated
from collector.causes.onset import Window
from collector.causes.sentences import of_deployment, percent
from collector.causes.significance import GATE, p_values

_SLOT_NS = 300 * 10**9
_SLOTS = 7
"""Of five minutes: more than half an hour."""
_MOST_VERSIONS, _MOST_HOSTS, _MOST_MARKS = 12, 24, 4
_FEWEST = 3
_HOUR_NS, _MOST_AN_HOUR = 3600 * 10**9, 4
_CLOCKS_NS = 60 * 10**9
"""An event that is older than its receipt may be the first of a version."""
_FORMAT = 1

Counts = dict[str, dict[int, int]]
"""Value → slot → records."""


@dataclass(slots=True)
class Recent:
    """Of one service in one environment.

    Args:
        since: version → when its first record came.
        marks: versions that somebody said were deployed, and when.
        latest: the last slot that anything came in.
    """

    since: dict[str, int] = field(default_factory=dict)
    versions: Counts = field(default_factory=dict)
    hosts: Counts = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    latest: int = 0

    @classmethod
    def decoded(cls, value: bytes | None) -> Recent:
        """Of what `encoded` gave; what another version wrote begins anew."""
        said = orjson.loads(value) if value else {}
        if said.get("format") != _FORMAT:
            return cls()
        counts = [
            {name: {int(slot): n for slot, n in by_slot.items()} for name, by_slot in said[part].items()}
            for part in ("versions", "hosts")
        ]
        return cls(said["since"], counts[0], counts[1], said["marks"], said["latest"])

    def encoded(self) -> bytes:
        """For the state."""
        said = {"format": _FORMAT, "since": self.since, "versions": self.versions, "hosts": self.hosts, "marks": self.marks,
                "latest": self.latest}  # fmt: skip
        return orjson.dumps(said, option=orjson.OPT_NON_STR_KEYS)

    def add(self, version: str, host: str, records: int, at: int) -> bool:
        """Records of a version on a host (empty: they say none), received at `at`; whether it is new, while another one ran and nobody
        had told of it. Programs that count their versions up all the time tell nothing by it."""
        slot = at // _SLOT_NS
        new = bool(version) and version not in self.since
        lately = sum(at - since < _HOUR_NS for since in self.since.values())
        telling = new and bool(self.since) and version not in self.marks and lately < _MOST_AN_HOUR
        if new:
            self.since[version] = at
        for counts, value, most in ((self.versions, version, _MOST_VERSIONS), (self.hosts, host, _MOST_HOSTS)):
            if value:
                by_slot = counts.setdefault(value, {})
                by_slot[slot] = by_slot.get(slot, 0) + records
                if len(counts) > most:
                    del counts[min(counts, key=lambda name: (max(counts[name]), name))]
        if slot > self.latest:
            self._forget(slot)
        if len(self.since) > 2 * _MOST_VERSIONS:
            del self.since[min(self.since, key=lambda name: (self.since[name], name))]
        return telling

    def mark(self, version: str, at: int) -> None:
        """Somebody said that it runs from then on."""
        self.marks[version] = at
        if len(self.marks) > _MOST_MARKS:
            del self.marks[min(self.marks, key=lambda name: (self.marks[name], name))]

    def _forget(self, slot: int) -> None:
        self.latest = slot
        for counts in (self.versions, self.hosts):
            for value, by_slot in list(counts.items()):
                counts[value] = {at: n for at, n in by_slot.items() if at > slot - _SLOTS}
                if not counts[value]:
                    del counts[value]

    def deployments(self, service: str, environment: str) -> list[Deployed]:
        """What was deployed: as somebody said, else versions whose first record came while another one ran."""
        marked = [Deployed(service, version, environment, at, marked=True) for version, at in self.marks.items()]
        first = min(self.since.values(), default=0)
        seen = [
            Deployed(service, version, environment, at)
            for version, at in self.since.items()
            if at > first and version not in self.marks
        ]
        return [*marked, *seen]

    def findings(
        self, service: str, environment: str, began: int, versions: Mapping[str, int], hosts: Mapping[str, int]
    ) -> list[Finding]:
        """What an issue of the service is concentrated in, that began at `began`, by its events of each version and host."""
        found = [
            one for each in self.deployments(service, environment) if (one := self._deployed(each, began, versions))
        ]
        found.sort(key=lambda one: (one.p, -one.deployed.since, one.deployed.version))
        return [_of_deployment(one, began) for one in found[:1]] + self._of_hosts(hosts)

    def _deployed(self, each: Deployed, began: int, versions: Mapping[str, int]) -> Blamed | None:
        if not -_CLOCKS_NS <= began - each.since <= SOON_NS:
            return None
        said, every = _total(self.versions.get(each.version, {})), sum(map(_total, self.versions.values()))
        failures = sum(versions.values())
        if not self.versions and each.marked:
            return Blamed(each, 0, failures, 1.0, 1.0)
        return concentrated(each, versions.get(each.version, 0), failures, said, every)

    def _of_hosts(self, hosts: Mapping[str, int]) -> list[Finding]:
        if len(self.hosts) < 2 or sum(hosts.values()) < _FEWEST:
            return []
        host, n = max(sorted(hosts.items()), key=lambda pair: pair[1])
        events, every = sum(hosts.values()), sum(map(_total, self.hosts.values()))
        said = _total(self.hosts.get(host, {}))
        p = float(p_values([n], [events], [said], [every])[0])
        if p >= GATE or n < 0.9 * events or len(hosts) > MOST_DISTINCT * events:
            return []
        sentence = f"{percent(n / events)} of {events:,} events are from host.name {host} ({percent(said / every)} of all records)"
        sure = 0.85 * n / events * (1 - said / every)
        return [
            Finding(
                "values",
                sentence,
                sure,
                {"host.name": host},
                {"a": n, "of_a": events, "b": said, "of_b": every, "p": p},
            )
        ]


def _total(by_slot: Mapping[int, int]) -> int:
    return sum(by_slot.values())


def _of_deployment(one: Blamed, began: int) -> Finding:
    at = one.deployed
    subject = {"service.name": at.service, "service.version": at.version, "deployment.environment.name": at.environment}
    counts = {"failed": one.failed, "failures": one.failures, "traffic": one.traffic, "p": one.p}
    return Finding("deployment", of_deployment(one, Window(began, began)), one.confidence, subject, counts)
