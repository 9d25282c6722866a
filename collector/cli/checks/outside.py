"""What is beside the data directory: configuration, stores, destinations, backups."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

from collector.cli.checks.finding import Finding, Patient, note, ok, problem
from collector.errors import LogboomError
from collector.extensions.backup.config import BackupConfig
from collector.service.plan import extension
from collector.store import schema
from collector.store.copying import check_store, stores_of


def configuration(patient: Patient) -> Iterator[Finding]:
    """What it warns of; that it is right was seen before."""
    yield from (
        note("configuration", warning, "`logboom validate` shows what would run")
        for warning in patient.settings.notices()
    )
    if not patient.settings.notices():
        yield ok("configuration", f"right: {', '.join(patient.settings.pipelines)}")


def stores(patient: Patient) -> Iterator[Finding]:
    """Their pages, and whether this version reads them."""
    found = stores_of(patient.root) if patient.root.exists() else []
    for path in found:
        if patient.thorough and (wrong := check_store(path)):
            cure = f"`sqlite3 {path} .recover` saves what can be read; or `logboom restore` a backup, and move {path.name} into its place"
            yield problem("store", f"{path} is damaged: {wrong}", cure)
            continue
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                tables = [name for (name,) in connection.execute(schema.TABLES)]
                applied = connection.execute(schema.APPLIED).fetchall() if "logboom_migrations" in tables else []
            waiting = schema.pending(str(path), tables, applied) if applied else ()
        except (LogboomError, sqlite3.Error) as error:
            yield problem("store", str(error), "install the version that wrote it, or name another file")
            continue
        said = f"{len(waiting)} migrations are done at the next start" if waiting else "whole"
        yield ok("store", f"{path}: {said}")
    if not found:
        yield ok("store", "none yet")


def destinations(patient: Patient) -> Iterator[Finding]:
    """Whether somebody answers there; nothing is sent."""
    from collector.cli.reach import reach

    tried = reach(patient.settings.exporters)
    cure = "what waits is kept and sent when it answers; look at address, network, certificate"
    for one in tried:
        said = f"{one.exporter}  {one.address}: {one.said}"
        yield ok("destination", said) if one.ok else problem("destination", said, cure)
    if not tried:
        yield ok("destination", "no exporter sends over a network")


def backups(patient: Patient) -> Iterator[Finding]:
    """Whether there are any, and how old the newest is."""
    options = extension(patient.settings, BackupConfig)
    if options is None:
        yield note(
            "backup", "none is configured", "the extension `backup`, or `logboom backup create` from time to time"
        )
        return
    from collector.backup.repository import Repository
    from collector.object_storage import open_target

    try:
        newest = Repository.open(open_target(options.to, options.storage.options())).snapshot()
    except LogboomError as error:
        yield problem(
            "backup",
            f"{options.to}: {error}",
            "see the log of the running logboom; `logboom backup list` shows what there is",
        )
        return
    age = time.time() - newest.created_unix_ms / 1000
    said = f"the newest snapshot in {options.to} is {age:.0f} s old"
    if age > 2 * options.interval:
        yield problem(
            "backup", said, f"one is due each {options.interval:.0f} s: see /ready and the log of the running logboom"
        )
    else:
        yield ok("backup", said)
