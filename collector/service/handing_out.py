"""All that there is of a person, gathered from the places where an erasure would look: what waits, dead letters, destinations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from collector.batch import LogBatch
from collector.cluster.offline import desk_of, waiting_of
from collector.component import Context, ErasesSubjects, Erasure, Exporter, NotErasable, Subject
from collector.control.catalogue import PRIVACY_EXPORTED
from collector.control.erasure import Asked
from collector.control.record import ControlRecord, Value
from collector.errors import Damaged
from collector.pipeline.decode import decode
from collector.privacy.handed_out import HandedOut
from collector.scope import Scope
from collector.service.destinations import sole_domain
from collector.service.extensions import Extensions
from collector.service.plan import used_exporters
from collector.service.reporting import operator_domain
from collector.settings.encryption import key_ring
from collector.settings.model import Settings

UNREAD = "what was accepted and no pipeline has read yet: it is found a moment later"


def gather(settings: Settings, root: Path, erasure: Erasure, out: HandedOut) -> None:
    """Write all of it; what can't be searched is named. Raises `LogboomError`."""
    out.not_searched["journal"] = UNREAD
    for found in waiting_of(root, erasure.domain):
        if isinstance(found, int):
            out.not_searched["outbox"] = "payloads that are forwarded as they are, or can't be read"
        else:
            out.add_batch("outbox", _batch(found))
    desk = desk_of(root, Scope.everything())
    for letter in desk.letters():
        if erasure.domain in letter.info.by_domain:
            try:
                out.add_batch("dead letters", _batch(desk.content(letter)))
            except Damaged as error:
                out.not_searched["dead letters"] = f"{letter.id}: {error}"
    asyncio.run(_destinations(settings, root, erasure, out))


def _batch(content: LogBatch | Sequence[object]) -> LogBatch:
    return content if isinstance(content, LogBatch) else decode(content).batch  # type: ignore[arg-type]


async def _destinations(settings: Settings, root: Path, erasure: Erasure, out: HandedOut) -> None:
    extensions = Extensions(settings.extensions, root)
    keys = key_ring(settings.service.encryption, root)
    made: dict[str, Exporter] = {}
    for name in used_exporters(settings):
        component = settings.exporters[name]
        made[name] = component.factory.create(component.config, Context(name, root, extensions=extensions, keys=keys))
    extensions.start()
    try:
        for name, exporter in made.items():
            place = f"exporter/{name}"
            if isinstance(exporter, ErasesSubjects):
                await _destination(place, exporter, erasure, out)
            elif settings.exporters[name].config.not_erased():
                out.not_searched[place] = "nobody can ask it for what was sent there"
    finally:
        extensions.shutdown()


async def _destination(place: str, exporter: ErasesSubjects, erasure: Erasure, out: HandedOut) -> None:
    after: str | None = ""
    try:
        await exporter.start()
        while after is not None:
            found = await exporter.find_subject(erasure, after)
            out.add_rows(place, found.records)
            after = found.after
    except NotErasable as problem:
        out.not_searched[place] = str(problem)
    except Exception as error:  # noqa: BLE001  whatever a destination has to say: the rest is handed out, and this is told
        out.not_searched[place] = f"{type(error).__name__}: {error}"
    finally:
        await exporter.shutdown()


def asked_of(settings: Settings, domain: str, asked: Asked, id_: str) -> Erasure:
    """What is looked for: all of the subject until now."""
    subject = Subject(asked.attributes(settings.service.privacy.subject_attributes), asked.value, asked.in_texts)
    return Erasure(id_, domain, subject, time.time_ns() + 1_000_000, sole_domain=sole_domain(settings))


def told_of(settings: Settings, domain: str, pseudonym: str, who: str, why: str, out: HandedOut) -> ControlRecord:
    """The event of it, never the value."""
    places = ", ".join(f"{place} {records}" for place, records in out.places.items())
    said: dict[str, Value] = {
        "logboom.domain": domain, "logboom.subject": pseudonym, "user.id": who, "logboom.reason": why,
        "logboom.records": out.records, "logboom.places": places,
    }  # fmt: skip
    body = f"subject {pseudonym} of {domain} exported: {out.records} records"
    return ControlRecord(PRIVACY_EXPORTED.event_name, operator_domain(settings), body, said, PRIVACY_EXPORTED.severity)
