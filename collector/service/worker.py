"""A worker process: journal → decode → processors → outbox, and delivery, for the partitions it holds.

The main thread steps the pipelines; delivery has its own thread and event loop. A step gathers records for a moment
(`batch.timeout`) because the work is columnar: 2,000 records cost little more than 20.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from collector.backend.compacting import ask as ask_to_compact
from collector.component import Bills, Context, Counting, ErasedSlice, Exporter, KeepsTables
from collector.control.catalogue import SERVICE_EVENTS
from collector.control.command import ERASE
from collector.control.erasures import Erasures
from collector.control.event import PREFIX
from collector.delivery.account import ExporterStatistics
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery
from collector.delivery.events import ExporterEvent
from collector.errors import Locked
from collector.ledger.interface import Ledger
from collector.ledger.plan import LedgerPlan
from collector.ledger.quarantine import Quarantine
from collector.pipeline.commanding import Answer
from collector.pipeline.decode import decode
from collector.pipeline.erased import Erased
from collector.pipeline.forgetting import Forgetting
from collector.pipeline.pipeline import Pipeline
from collector.pipeline.republishing import Marks
from collector.privacy.pseudonyms import Pseudonyms
from collector.reserved import PIPELINE
from collector.samples import batch_of
from collector.service.backlog import Backlogs
from collector.service.channel import Report
from collector.service.clients import kept_apart
from collector.service.crowds import Crowds
from collector.service.destinations import ErasingExporters, sole_domain
from collector.service.encryption import forget_destroyed
from collector.service.erasing import Erasing
from collector.service.extensions import Extensions
from collector.service.links import links_of
from collector.service.operations import Operations
from collector.service.plan import StepSize, backend_of, ledger_plan, step_size, used_exporters
from collector.service.reporting import Reporting
from collector.service.resting import Resting
from collector.service.stages import Stages, takers
from collector.service.wiring import reached
from collector.settings.encryption import key_ring
from collector.settings.model import Settings
from collector.timeline import UNWATCHED

log = logging.getLogger("logboom.worker")

LOCK_POLL_SECS = 0.02
SILENCE_SECS = 8.0
LONGEST_GATHER_SECS = 0.5
HELD_BACK_SECS = 0.02
UPKEEP_SECS = 1.0
LOOK_SECS = 10.0
"""Every pipeline is stepped at least so often, whatever the pulse says: for what nobody thought of."""


class Worker:
    """Worker `index` of `service.processes.workers`, with the partitions that the backend gives it."""

    def __init__(self, settings: Settings, root: Path, index: int) -> None:
        self._settings = settings
        self._root = root
        self._index = index
        self._keys = key_ring(settings.service.encryption, root)
        self._backend = backend_of(settings, root, self._keys)
        self._phase = "starting"
        self._stop = threading.Event()
        self._deadline_secs = settings.service.processes.shutdown_timeout
        self._drain = True
        self._ledgers: dict[int, Ledger] = {}
        self._pipelines: list[tuple[Pipeline, StepSize]] = []
        self._service: list[Pipeline] = []
        """Of what people do and the service knows, one a partition: stepped first, held back by nothing."""
        self._backlogs: list[Backlogs] = []
        self._erasing: list[Erasing] = []
        self._pseudonyms = Pseudonyms(root)
        self._holds = settings.service.privacy.standing()
        self._erasures = Erasures(
            settings.service.privacy.subject_attributes, self._pseudonyms.of, self._holds.why, self._keys
        )
        self._made: Mapping[str, tuple[Exporter, DeliveryConfig]] = {}
        self._held_back = False
        self._upkeep: list[str] = []
        self._pulse = self._backend.pulse(index)
        self._look_at = 0.0
        self._at_rest = False
        self._delivery: Delivery | None = None
        self._reporting = Reporting(root, f"worker {index}", lambda: settings)
        self._resting = Resting(self._reporting.reporter)
        self._extensions = Extensions(settings.extensions, root)
        self._quarantine = Quarantine()
        self._crowds = Crowds(self._reporting.reporter)
        keys = self._keys if settings.service.encryption is not None else None
        self._operations = Operations(settings, f"worker {index}")
        self._stages = Stages(settings, root, self._extensions, self._statistics, self._crowds.over, keys)

    def run(self) -> None:
        """Until `stop`; then process what ingest accepted, deliver what the deadline allows, keep the rest."""
        self._reporting.start()
        self._made = exporters = self._make_exporters()
        behaviours = {name: exporter for name, (exporter, _) in exporters.items()}
        passthrough, stores = self._stages.untouched(behaviours), self._stages.stores(behaviours)
        listening = self._stages.listening()
        self._open_ledgers(ledger_plan(self._settings, passthrough, stores, listening))
        if not self._stop.is_set():
            self._make_pipelines(passthrough, listening, self._stages.sending_on(behaviours))
            self._extensions.start()
            self._stages.helpers.start()
            self._warm_up()
            self._delivery = Delivery(
                exporters,
                self._ledgers,
                on_event=self._tell,
                partitions=self._places(),
                quarantine=self._quarantine,
                kept_apart=kept_apart(self._settings),
                operations=dict.fromkeys(self._operations.watched(exporters), self._operations.watching),
            )
            self._delivery.start()
            self._phase = "ready"
            self._loop()
        self._close()

    def stop(self, deadline_secs: float, drain: bool = True) -> None:
        """Ask `run` to finish; without `drain` at the next commit."""
        self._deadline_secs, self._drain = deadline_secs, drain
        self._stop.set()
        self._pulse.wake()

    def report(self) -> Report | None:
        """The heartbeat: none while delivery's loop hangs; `busy_secs` tells of a step that takes long."""
        if self._delivery is not None and time.monotonic() - self._delivery.last_beat > SILENCE_SECS:
            return None
        began = [each.busy_since for each in self._all_pipelines() if each.busy_since is not None]
        busy = time.monotonic() - min(began) if began else 0.0
        self._crowds.flush()
        if self._keys is not None:
            forget_destroyed(self._keys)
        stats: dict[str, Any] = {"exporters": self._exporter_stats(), "resting": self._resting.reasons()}
        stats |= self._operations.figures()
        stats |= {"events_lost": self._reporting.teller.lost_records}
        return Report(
            self._phase, busy, stats | {"cardinality": list(self._stages.cardinality()), "over": self._crowds.counts()}
        )

    def _exporter_stats(self) -> Mapping[str, Any]:
        if self._delivery is None:
            return {}
        return {
            name: {
                "state": stats.state,
                "in_flight": stats.requests,
                "concurrency": stats.concurrency,
                "reason": stats.reason,
                "moved": stats.moved,
                "counters": self._exporter_counters.get(name, dict)(),
                "billed": [[*key, number] for key, number in self._bills.get(name, dict)().items()],
            }
            for name, stats in self._delivery.statistics().items()
        }

    def _statistics(self) -> Mapping[str, ExporterStatistics]:
        """How delivery does; nothing before it has begun."""
        return {} if self._delivery is None else self._delivery.statistics()

    def _make_exporters(self) -> dict[str, tuple[Exporter, DeliveryConfig]]:
        made: dict[str, tuple[Exporter, DeliveryConfig]] = {}
        links = links_of(self._settings, self._root)
        for name in used_exporters(self._settings):
            component = self._settings.exporters[name]
            context = Context(
                name,
                self._root,
                extensions=self._extensions,
                links=links,
                signals=component.signals,
                keys=self._stages.keys,
                holds=self._holds,
            )
            made[name] = (component.factory.create(component.config, context), component.config)
        self._exporter_counters = {
            name: exporter.counters for name, (exporter, _) in made.items() if isinstance(exporter, Counting)
        }
        self._bills = {name: exporter.billed for name, (exporter, _) in made.items() if isinstance(exporter, Bills)}
        self._with_tables = {
            name: exporter for name, (exporter, _) in made.items() if isinstance(exporter, KeepsTables)
        }
        return made

    def _destinations(self) -> ErasingExporters:
        def run(work: Coroutine[Any, Any, ErasedSlice]) -> Future[ErasedSlice]:
            assert self._delivery is not None, "nothing is erased before the loop"
            return self._delivery.run(work)

        return ErasingExporters(self._made, run, sole_domain(self._settings))

    def _marks(self, pipeline: str) -> Marks:
        """What the stores say of themselves that a pipeline reaches."""
        exporters = {
            name for fed in reached(self._settings, pipeline) for name in self._settings.pipelines[fed].exporters
        }
        return {name: self._with_tables[name].marks() for name in sorted(exporters & self._with_tables.keys())}

    def _open_ledgers(self, plan: LedgerPlan) -> None:
        """Take this worker's partitions; wait while a predecessor still holds them."""
        for number in self._backend.partitions(self._index):
            while not self._stop.is_set():
                try:
                    self._ledgers[number] = self._backend.open_ledger(number, plan)
                except Locked:
                    self._phase = "standby"
                    time.sleep(LOCK_POLL_SECS)
                else:
                    break

    def _places(self) -> dict[int, Path]:
        """The directories of the ledgers, by partition."""
        return {number: self._backend.place(number) for number in self._ledgers}

    def _make_pipelines(
        self, passthrough: list[str], listening: Mapping[str, Sequence[str]], sending_on: Collection[str]
    ) -> None:
        self._upkeep = [f"upkeep of {place.parent.name} {place.name}" for place in self._places().values()]
        for ledger, place in zip(self._ledgers.values(), self._places().values(), strict=True):
            network = self._stages.network(ledger, listening)
            self._backlogs.append(Backlogs(ledger, network))
            erased = Erased(ledger, self._pseudonyms.of, self._keys, self._holds.why)
            self._erasing.append(
                Erasing(
                    ledger,
                    erased,
                    Forgetting(ledger, network),
                    self._destinations(),
                    self._reporting.reporter,
                    on_ended=lambda _: ask_to_compact(self._root),
                    keys=self._keys,
                )
            )
            own = Pipeline(
                PIPELINE, ledger, [], network=network, attempts_path=place, quarantine=self._quarantine,
                takers=takers(self._settings, network, PIPELINE, {ERASE: self._erasures}), erased=erased,
                on_answers=partial(self._answer, erased),
            )  # fmt: skip
            self._service.append(own)
            for pipeline in self._settings.pipelines.values():
                size = step_size(self._settings, pipeline)
                made = Pipeline(
                    pipeline.id, ledger, network.processors[pipeline.id], network=network,
                    passthrough=pipeline.id in passthrough, attempts_path=place, quarantine=self._quarantine,
                    max_bytes=size.max_bytes, max_records=size.max_records, marks=partial(self._marks, pipeline.id),
                    takers=takers(self._settings, network, pipeline.id), on_answers=partial(self._answer, erased), erased=erased,
                    decode=partial(decode, keep=pipeline.id in sending_on),
                    operations=self._operations.watching if self._operations.watched([pipeline.id]) else UNWATCHED,
                )  # fmt: skip
                self._pipelines.append((made, size))

    def _all_pipelines(self) -> list[Pipeline]:
        return [*self._service, *(pipeline for pipeline, _ in self._pipelines)]

    def _warm_up(self) -> None:
        """Once for each pipeline: its instances in other partitions share what is loaded."""
        sample = batch_of([{"body": "GET /ready", "severity": "INFO", "attributes": {"n": 1}, "resource": {"a": "b"}}])
        for pipeline in {pipeline.id: pipeline for pipeline, _ in self._pipelines}.values():
            pipeline.warm_up(sample)

    def _loop(self) -> None:
        """Step, and rest: a step costs some milliseconds whatever it holds, so with little to do it is worth waiting for
        more. Steps take at most a quarter of the time until records come faster than that."""
        # A worker beyond the number of partitions has nothing to do.
        gather = min((size.timeout_secs for _, size in self._pipelines), default=LONGEST_GATHER_SECS)
        first = min((size.first_secs for _, size in self._pipelines), default=0.0)
        while not self._stop.is_set():
            began = time.monotonic()
            full = self._turn(began)
            took = time.monotonic() - began
            if self._held_back:
                self._stop.wait(HELD_BACK_SECS)
            elif self._at_rest:
                self._pulse.wait(min([UPKEEP_SECS, *(pipeline.secs_to_next for pipeline in self._all_pipelines())]))
                self._stop.wait(first)
            elif not full:
                self._stop.wait(max(gather - took, min(3 * took, LONGEST_GATHER_SECS)))

    def _turn(self, now: float) -> bool:
        """A step of every pipeline when something was committed since the last turn, or is not done with; else of those that have
        something to do by time alone. True when one of them had as much as it takes at once."""
        assert self._delivery is not None
        stirred = self._pulse.changed()  # before the steps: what is committed within them leads to the next turn
        all_ = stirred or self._held_back or bool(self._resting.reasons()) or now >= self._look_at
        self._at_rest = not all_
        if all_:
            self._look_at = now + LOOK_SECS
        for place, ledger in zip(self._upkeep, self._ledgers.values(), strict=True):
            self._resting.step(place, ledger.keep_up)
        full = self._step_service(all_)
        if full or stirred:  # by the upkeep, too: dead letters that are sent again
            self._delivery.notify()
        full |= self._step_pipelines(all_)
        moved = sum(each.look(time.time_ns()) for each in self._backlogs)
        return full | (moved + sum(each.look(time.time_ns()) for each in self._erasing) > 0)

    def _step_service(self, all_: bool) -> bool:
        full = False
        for pipeline in self._service:
            if all_ or pipeline.secs_to_next <= 0:
                full |= self._resting.step(pipeline.place, pipeline.step) > 0
        return full

    def _step_pipelines(self, all_: bool) -> bool:
        assert self._delivery is not None
        full = self._held_back = False
        for pipeline, size in self._pipelines:
            if not all_ and pipeline.secs_to_next > 0:
                continue
            if pipeline.ahead:
                self._held_back = True
                continue
            records = self._resting.step(pipeline.place, pipeline.step)
            if records:
                self._delivery.notify()
            full |= records >= size.full_records or (records > 0 and pipeline.behind)
        return full

    def _close(self) -> None:
        deadline = time.monotonic() + self._deadline_secs
        if self._delivery is not None:
            if self._drain:
                while time.monotonic() < deadline and any(
                    self._resting.step(pipeline.place, pipeline.step) for pipeline in self._all_pipelines()
                ):
                    self._delivery.notify()
                for pipeline in self._service:
                    self._resting.step(pipeline.place, pipeline.last_step)
                self._delivery.notify()
                self._delivery.drain(max(0.0, deadline - time.monotonic()))
            self._delivery.shutdown(max(1.0, deadline - time.monotonic()))
        self._stages.helpers.shutdown()
        self._extensions.shutdown()
        for pipeline in self._all_pipelines():
            pipeline.close()
        self._pulse.close()
        for ledger in self._ledgers.values():
            ledger.close()
        self._reporting.close()
        self._operations.close()

    def _answer(self, erased: Erased, answers: Sequence[Answer]) -> None:
        """What became of commands, to whoever waits for it."""
        erased.refresh()
        for answer in answers:
            self._reporting.teller.answer(asdict(answer))

    def _tell(self, event: ExporterEvent) -> None:
        """At most once a minute for the same exporter and reason."""
        times = f" ({event.count} times)" if event.count > 1 else ""
        log.warning("exporter %s %s%s: %s", event.exporter, event.kind, times, event.reason)
        body = f"exporter {event.exporter} {event.kind.said}{times}: {event.reason}"
        attributes: dict[str, str | int] = {"logboom.exporter": event.exporter, "logboom.reason": event.reason}
        self._reporting.reporter.tell(
            SERVICE_EVENTS[PREFIX + event.kind], body, {**attributes, "logboom.count": event.count}
        )
