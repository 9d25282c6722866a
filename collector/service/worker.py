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
from collector.control.catalogue import CLUSTER_MOVED, SERVICE_EVENTS
from collector.control.command import ERASE
from collector.control.erasures import Erasures
from collector.control.event import PREFIX
from collector.delivery.account import ExporterStatistics
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery
from collector.delivery.events import ExporterEvent
from collector.kafka.wire import Changes
from collector.ledger.interface import Ledger
from collector.ledger.quarantine import Quarantine
from collector.pipeline.commanding import Answer
from collector.pipeline.decode import decode
from collector.pipeline.erased import Erased
from collector.pipeline.forgetting import Forgetting
from collector.pipeline.pipeline import Pipeline
from collector.pipeline.republishing import Marks
from collector.privacy.pseudonyms import Pseudonyms
from collector.reserved import PIPELINE
from collector.samples import one_record
from collector.service.backlog import Backlogs
from collector.service.channel import Report
from collector.service.clients import kept_apart
from collector.service.crowds import Crowds
from collector.service.destinations import ErasingExporters, sole_domain
from collector.service.encryption import forget_destroyed
from collector.service.erasing import Erasing
from collector.service.extensions import Extensions
from collector.service.holding import Holding
from collector.service.links import links_of
from collector.service.operations import Operations
from collector.service.owning import Owning
from collector.service.plan import backend_of, ledger_plan, step_size, used_exporters
from collector.service.reporting import Reporting
from collector.service.resting import Resting
from collector.service.stages import Stages, takers
from collector.service.taking import numbers
from collector.service.wiring import reached
from collector.settings.encryption import key_ring
from collector.settings.model import Settings
from collector.timeline import UNWATCHED

log = logging.getLogger("logboom.worker")

SILENCE_SECS = 8.0
LONGEST_GATHER_SECS = 0.5
HELD_BACK_SECS = 0.02
UPKEEP_SECS = 1.0
REST_SECS = 2.0
"""The longest sleep of a worker for which nothing was committed, on a machine of its own: a wake-up costs more than what it does."""
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
        self._owning = Owning(self._backend, index, self._hold, self._begun, self._ended, self._moved)
        self._holdings = self._owning.holdings
        self._passthrough: Collection[str] = ()
        self._sending_on: Collection[str] = ()
        self._listening: Mapping[str, Sequence[str]] = {}
        self._warm = False
        self._pseudonyms = Pseudonyms(root)
        self._holds = settings.service.privacy.standing()
        self._erasures = Erasures(
            settings.service.privacy.subject_attributes, self._pseudonyms.of, self._holds.why, self._keys
        )
        self._made: Mapping[str, tuple[Exporter, DeliveryConfig]] = {}
        self._held_back: set[int] = set()
        self._pulse = self._backend.pulse(index)
        self._look_at = 0.0
        self._at_rest = False
        self._untold, self._told_at = False, 0.0
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
        self._passthrough, self._sending_on = passthrough, self._stages.sending_on(behaviours)
        self._listening = self._stages.listening()
        plan = ledger_plan(self._settings, passthrough, stores, self._listening)
        self._owning.begin(plan, self._stop)
        if not self._stop.is_set():
            self._extensions.start()
            self._stages.helpers.start()
            self._warm_up()
            self._delivery = Delivery(
                exporters,
                self._holdings.ledgers(),
                on_event=self._tell,
                partitions=self._holdings.places(),
                quarantine=self._quarantine,
                kept_apart=kept_apart(self._settings),
                operations=dict.fromkeys(self._operations.watched(exporters), self._operations.watching),
                lost=self._owning.taken_away,
                in_touch=self._owning.in_touch,
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
        began = [each.busy_since for each in self._holdings.pipelines() if each.busy_since is not None]
        busy = time.monotonic() - min(began) if began else 0.0
        self._crowds.flush()
        if self._keys is not None:
            forget_destroyed(self._keys)
        stats: dict[str, Any] = {"exporters": self._exporter_stats(), "resting": self._resting.reasons()}
        stats |= self._operations.figures()
        stats |= self._owning.figures()
        stats |= {"events_lost": self._reporting.teller.lost_records}
        phase = "standby" if self._phase == "starting" and self._owning.standby else self._phase
        return Report(
            phase, busy, stats | {"cardinality": list(self._stages.cardinality()), "over": self._crowds.counts()}
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

    def _begun(self, held: Holding) -> None:
        """A partition is here."""
        self._look_at = 0.0
        if self._delivery is not None:
            self._delivery.add(held.number, held.ledger, held.place)
            self._warm_up()

    def _ended(self, held: Holding, deadline_secs: float) -> None:
        """A partition goes. Within the deadline what is on its way to destinations ends."""
        if self._delivery is not None:
            self._delivery.remove(held.number, deadline_secs)
        self._stages.forget(held.ledger)
        self._resting.forget(held.names)

    def _moved(self, changes: Changes) -> None:
        came, went = numbers(changes.gained), numbers(changes.lost)
        count = len(set(self._holdings.ledgers()) - set(changes.lost) | set(changes.gained))
        name = f"worker {self._index}"
        body = f"{name} has {count} partitions of the cluster: {came or 'none'} came, {went or 'none'} went"
        told = {
            "logboom.child": name,
            "logboom.came": came,
            "logboom.went": went,
            "logboom.torn": numbers(changes.gone),
        }
        self._reporting.reporter.tell(CLUSTER_MOVED, body, told)

    def _hold(self, number: int, ledger: Ledger) -> Holding:
        """All that is stepped over a ledger."""
        place, network = self._backend.place(number), self._stages.network(ledger, self._listening)
        erased = Erased(ledger, self._pseudonyms.of, self._keys, self._holds.why)
        erasing = Erasing(
            ledger,
            erased,
            Forgetting(ledger, network),
            self._destinations(),
            self._reporting.reporter,
            on_ended=lambda _: ask_to_compact(self._root),
            keys=self._keys,
        )
        own = Pipeline(
            PIPELINE, ledger, [], network=network, attempts_path=place, quarantine=self._quarantine,
            takers=takers(self._settings, network, PIPELINE, {ERASE: self._erasures}), erased=erased,
            on_answers=partial(self._answer, erased),
        )  # fmt: skip
        made = []
        for pipeline in self._settings.pipelines.values():
            size = step_size(self._settings, pipeline)
            each = Pipeline(
                pipeline.id, ledger, network.processors[pipeline.id], network=network,
                passthrough=pipeline.id in self._passthrough, attempts_path=place, quarantine=self._quarantine,
                max_bytes=size.max_bytes, max_records=size.max_records, marks=partial(self._marks, pipeline.id),
                takers=takers(self._settings, network, pipeline.id), on_answers=partial(self._answer, erased), erased=erased,
                decode=partial(decode, keep=pipeline.id in self._sending_on),
                operations=self._operations.watching if self._operations.watched([pipeline.id]) else UNWATCHED,
            )  # fmt: skip
            made.append((each, size))
        return Holding(number, ledger, place, own, made, Backlogs(ledger, network), erasing)

    def _warm_up(self) -> None:
        """Once for each pipeline: its instances in other partitions share what is loaded."""
        if self._warm or not (first := next(iter(self._holdings), None)):
            return
        self._warm = True
        sample = one_record()
        for pipeline, _ in first.pipelines:
            pipeline.warm_up(sample)

    def _loop(self) -> None:
        """Step, and rest: a step costs some milliseconds whatever it holds, so with little to do it is worth waiting for
        more. Steps take at most a quarter of the time until records come faster than that."""
        # A worker beyond the number of partitions has nothing to do.
        sizes = [step_size(self._settings, pipeline) for pipeline in self._settings.pipelines.values()]
        gather = min((size.timeout_secs for size in sizes), default=LONGEST_GATHER_SECS)
        first = min((size.first_secs for size in sizes), default=0.0)
        while not self._stop.is_set():
            self._owning.look()
            began = time.monotonic()
            full = self._turn(began)
            took = time.monotonic() - began
            if self._held_back:
                self._stop.wait(HELD_BACK_SECS)
            elif self._at_rest:
                self._pulse.wait(min([self._rest_secs(), *(each.secs_to_next for each in self._holdings.pipelines())]))
                self._stop.wait(first)
            elif not full:
                self._stop.wait(max(gather - took, min(3 * took, LONGEST_GATHER_SECS)))

    def _rest_secs(self) -> float:
        return UPKEEP_SECS if self._untold or not self._owning.alone else REST_SECS

    def _turn(self, now: float) -> bool:
        """A step of the pipelines of each partition for which something was committed since the last turn, or is not done with; else
        of those that have something to do by time alone. True when one of them had as much as it takes at once."""
        stirred = set(self._pulse.changed())  # before the steps: what is committed within them leads to the next turn
        if self._resting.reasons() or now >= self._look_at:
            stirred, self._look_at = {held.number for held in self._holdings}, now + LOOK_SECS
        stirred |= self._held_back
        self._at_rest = not stirred
        self._owning.each(lambda held: self._resting.step(held.upkeep, held.ledger.keep_up))
        self._tell_delivery(now, bool(stirred))
        full = self._owning.each(lambda held: self._step_service(held, held.number in stirred)) > 0
        self._held_back = set()
        full |= self._owning.each(lambda held: self._step_pipelines(held, held.number in stirred)) > 0
        return full | (
            self._owning.each(lambda held: held.backlogs.look(time.time_ns())) + self._owning.each(_erase) > 0
        )

    def _tell_delivery(self, now: float, stirred: bool) -> None:
        """Of what comes into an outbox by no step, but by the upkeep: dead letters that are sent again, what was moved."""
        assert self._delivery is not None
        self._untold |= stirred
        if self._untold and now - self._told_at >= UPKEEP_SECS:
            self._untold, self._told_at = False, now
            self._delivery.notify()

    def _step_service(self, held: Holding, stirred: bool) -> int:
        if not stirred and held.service.secs_to_next > 0:
            return 0
        return self._step(held, held.service)

    def _step_pipelines(self, held: Holding, stirred: bool) -> bool:
        full = False
        for pipeline, size in held.pipelines:
            if not stirred and pipeline.secs_to_next > 0:
                continue
            if pipeline.ahead:
                self._held_back.add(held.number)
                continue
            records = self._step(held, pipeline)
            full |= records >= size.full_records or (records > 0 and pipeline.behind)
        return full

    def _step(self, held: Holding, pipeline: Pipeline) -> int:
        """How many records one step took; delivery is told where to look."""
        assert self._delivery is not None
        records = self._resting.step(pipeline.place, pipeline.step)
        if pipeline.wrote:
            self._delivery.notify(held.number)
        return records

    def _close(self) -> None:
        deadline = time.monotonic() + self._deadline_secs
        if self._delivery is not None:
            if self._drain and self._owning.alone:
                self._work_off(self._delivery, deadline)
            self._delivery.shutdown(max(1.0, deadline - time.monotonic()))
        self._stages.helpers.shutdown()
        self._extensions.shutdown()
        self._pulse.close()
        self._owning.close()
        self._reporting.close()
        self._operations.close()

    def _work_off(self, delivery: Delivery, deadline: float) -> None:
        """Process what was accepted, and deliver it."""
        while time.monotonic() < deadline and self._owning.each(self._step_once):
            delivery.notify()
        self._owning.each(lambda held: self._resting.step(held.service.place, held.service.last_step))
        delivery.notify()
        delivery.drain(max(0.0, deadline - time.monotonic()))

    def _step_once(self, held: Holding) -> int:
        return max(self._resting.step(pipeline.place, pipeline.step) for pipeline in held)

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


def _erase(held: Holding) -> int:
    return held.erasing.look(time.time_ns())
