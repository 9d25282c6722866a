"""The data directory: whose it is, what stands in it, what waits."""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

from collector.backend.data_dir import check_data_dir
from collector.cli.checks.finding import Finding, Patient, note, ok, problem
from collector.cluster.offline import desk_of, view_of
from collector.cluster.told import numbers, told_by_all
from collector.encryption.place import KeyPlace
from collector.errors import LogboomError
from collector.scope import Scope
from collector.service.plan import quota_of, used_exporters

_LATE_SECS = 300.0
_NEARLY_FULL = 0.9
_LIVES = "`logboom run` makes it"


def directory(patient: Patient) -> Iterator[Finding]:
    """Owner, mode, format, number of partitions."""
    root = patient.root
    if not root.exists():
        yield ok("data directory", f"{root} does not exist yet: {_LIVES}")
        return
    found = root.stat()
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield problem("data directory", f"{root} is not writable for this user", f"chown -R {os.getuid()} {root}")
        return
    if found.st_uid != os.getuid():
        yield note(
            "data directory", f"{root} belongs to user {found.st_uid}", "examine it as the user that runs logboom"
        )
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield problem("data directory", f"others may enter {root}: records stand in it", f"chmod 700 {root}")
    try:
        said = check_data_dir(root, patient.settings.service.ledger.partitions)
    except LogboomError as error:
        yield problem("data directory", str(error), "")
        return
    yield ok("data directory", f"{root}: {said}" if said else f"{root} is empty: {_LIVES}")


def process(patient: Patient) -> Iterator[Finding]:
    """Whether logboom runs on it."""
    yield ok(
        "process", f"logboom runs as process {patient.running}" if patient.running else "logboom does not run on it"
    )


def keys(patient: Patient) -> Iterator[Finding]:
    """Whether the keys of what is encrypted are there, and the master key that wraps them."""
    config = patient.settings.service.encryption
    try:
        before = KeyPlace.remembered(patient.root)
        place = before if config is None else config.place(patient.root)
        if place is None:
            return
        if before is None and not place.keys.exists():
            yield ok("keys", f"{place.keys} does not exist yet: {_LIVES}")
            return
        if config is None and not place.keys.exists():
            put_back = "put it back: without it what was encrypted can't be read"
            yield note("keys", f"{place.keys} is not there", put_back)
            return
        place.ring().check(new=False)
    except LogboomError as error:
        yield problem("keys", str(error), "logboom will not start: see docs/encryption.md")
        return
    yield ok("keys", f"{place.keys}: the master key is here, from {place.source}")


def backlog(patient: Patient) -> Iterator[Finding]:
    """What waits for exporters, and in the journals."""
    quiet = True
    with closing(view_of(patient.root)) as view:
        of_us = len(view.by_partition()) or patient.settings.service.ledger.partitions
        for name, queue in view.queues().items():
            age = time.time() - queue.oldest_unix_ms / 1000 if queue.oldest_unix_ms else 0.0
            waits = f"{queue.records} records wait for {name}, the oldest for {age:.0f} s"
            if queue.removed:
                quiet = False
                yield note(
                    "backlog", f"{waits}; it left the configuration", "name it again within a day, or they are dropped"
                )
            elif _fullness(patient, name, queue.size_bytes, of_us) >= _NEARLY_FULL:
                quiet = False
                yield problem(
                    "backlog",
                    f"{waits}; its quota is used up",
                    "bring its destination back, or raise sending_queue.max_bytes",
                )
            elif age > _LATE_SECS:
                quiet = False
                yield note("backlog", waits, "see its destination below, and /ready of the running logboom")
        for slot, size in view.journals().items():
            if size.budget_bytes and size.used_bytes >= _NEARLY_FULL * size.budget_bytes:
                quiet = False
                yield problem(
                    "backlog",
                    f"journal {slot} is full: senders are told to come again",
                    "see which exporter blocks, above",
                )
    if patient.settings.service.ledger.kafka is not None:
        yield _shared(patient)
    if quiet:
        yield ok("backlog", "nothing waits for long")


def _shared(patient: Patient) -> Finding:
    """Whose the backlog is that was looked at, and who has the rest."""
    told = told_by_all(patient.root)
    mine = sorted(number for each in told.values() for number in each.partitions)
    if not told:
        return ok(
            "backlog", "no worker runs here, so this machine owns none of it: `logboom cluster status` asks the brokers"
        )
    owners: dict[str, list[int]] = {}
    for number, one in sorted(
        {n: one for each in told.values() for n, one in each.others.items() if n not in mine}.items()
    ):
        owners.setdefault(one.owner, []).append(number)
    rest = "; ".join(f"{owner} told last of {numbers(has)}" for owner, has in owners.items())
    return ok("backlog", f"of the partitions of this machine: {numbers(mine) or 'none'}{f'; {rest}' if rest else ''}")


def _fullness(patient: Patient, exporter: str, size_bytes: int, partitions: int) -> float:
    if exporter not in used_exporters(patient.settings):
        return 0.0
    capacity = quota_of(patient.settings, exporter).max_bytes * partitions
    return size_bytes / capacity if capacity else 0.0


def dead_letters(patient: Patient) -> Iterator[Finding]:
    """What was set aside, by owner and reason."""
    found = Counter[tuple[str, str]]()
    for letter in desk_of(patient.root, Scope.everything()).letters():
        found[letter.info.owner, letter.info.reason[:100]] += letter.info.records
    for (owner, reason), records in found.most_common(5):
        yield note(
            "dead letters", f"{records} records of {owner}: {reason}",
            "`logboom deadletter list`; mend the reason, then `logboom deadletter replay --all`",
        )  # fmt: skip
    if not found:
        yield ok("dead letters", "none")


def damage(patient: Patient) -> Iterator[Finding]:
    """Everything in journals and partitions, read and compared with its checksums."""
    found = desk_of(patient.root, Scope.everything()).damaged()
    cure = "what is damaged becomes dead letters, the rest goes on; look at the disk (dmesg, smartctl), restore a backup if much is lost"
    yield from (problem("damage", said, cure) for said in found)
    if not found:
        yield ok("damage", "none in journals and partitions")
