"""The processor `anomalies` on the simulated weeks: what a minute says as an observation, and what it tells as the score reads it."""

from __future__ import annotations

import time
from collections import Counter
from typing import NamedTuple

import numpy as np

from processors.anomalies import telling
from processors.anomalies.findings import Finding
from processors.anomalies.latency import buckets
from processors.anomalies.observation import Observation
from processors.anomalies.watch import Key, Watch
from weeks.score import Told
from weeks.simulation import EPOCH_MINUTE, Minute, World
from weeks.world import PRODUCTION, SERVICES


class Watched(NamedTuple):
    """What was told, as it was and for the score; seconds that the watch took, and the longest minute."""

    findings: list[Finding]
    told: list[Told]
    seconds: float
    longest: float
    watch: Watch


def watched(world: World, minutes: int = 1 << 30) -> Watched:
    """So many minutes of a world."""
    watch, findings, told = Watch(), [], []
    seconds = longest = 0.0
    for minute in world.minutes():
        if minute.at - EPOCH_MINUTE >= minutes:
            break
        seen = observation(world, watch, minute)
        began = time.perf_counter()
        found = [*watch.apply(seen), *watch.close(minute.at)]
        took = time.perf_counter() - began
        seconds, longest = seconds + took, max(longest, took)
        findings += found
        told += [scored(world, each) for each in found if not each.over]
    return Watched(findings, told, seconds, longest, watch)


def observation(world: World, watch: Watch, minute: Minute) -> Observation:
    """What the reader of the processor would make of the records of a minute."""
    seen = Observation()
    for i in minute.series.tolist():
        each = world.series[i]
        key = Key(each.pattern, each.service, each.environment, each.level)
        seen.series.append(watch.index.get(key, (*key, each.template)))
    places = np.arange(len(minute.series))
    seen.counted = [(minute.at, places, minute.minutes, minute.counts)]
    at = {int(i): place for place, i in enumerate(minute.series)}
    seen.values = [(at[i], "state", value, records, minute.at) for i, value, records in minute.values if i in at]
    seen.versions = [(service, PRODUCTION, version) for service, version in minute.versions]
    if minute.at == EPOCH_MINUTE:
        seen.versions = [(service, PRODUCTION, "1.0.0") for service in SERVICES]
    for i, version, samples in minute.durations:
        endpoint = world.endpoints[i]
        histogram = dict(Counter(buckets(samples).tolist()))
        seen.durations.append((endpoint.service, PRODUCTION, endpoint.name, version, minute.at, histogram))
    for i, value in minute.numbers:
        gauge = world.gauges[i]
        seen.numbers.append((gauge.service, PRODUCTION, f"gauge{i}", "1", gauge.template, gauge.limit, value))
    return seen


def scored(world: World, found: Finding) -> Told:
    """For the score: its subject by position."""
    subject = found.subject
    if subject.pattern.startswith("gauge"):
        about = ("gauge", int(subject.pattern.removeprefix("gauge")))
    elif found.kind == "latency":
        name = subject.name.partition(" ")[0]
        place = next(
            i for i, each in enumerate(world.endpoints) if (each.service, each.name) == (subject.service, name)
        )
        about = ("endpoint", place)
    elif subject.pattern:
        key = Key(subject.pattern, subject.service, subject.environment, subject.level)
        about = ("series", _position(world, key))
    else:
        about = ("service", 0)
    return Told(found.at - EPOCH_MINUTE, found.kind, subject.service, about, found.page)


def _position(world: World, key: Key) -> int:
    return next(
        i
        for i in range(len(world.series) - 1, -1, -1)
        if (world.series[i].pattern, world.series[i].service, world.series[i].environment) == key[:3]
    )


def shown(found: Finding) -> str:
    """As people read it."""
    return telling.sentence(found)
