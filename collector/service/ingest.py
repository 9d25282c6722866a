"""An ingest process: receivers → admission → journal, for one slot.

A successor (after SIGHUP) listens at once, beside its predecessor, and lets requests wait until the journal of the
slot is free: no sender meets a closed port.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.admission.admission import Admission
from collector.admission.budgets import Budgets
from collector.admission.doorkeeper import Asked, Doorkeeper
from collector.admission.exposure import Exposure
from collector.admission.limits import Limits
from collector.admission.quotas import Quotas
from collector.admission.steps import Check, checks
from collector.component import Context, HandsOver, LacksSources, Receiver, TrustsEvents
from collector.domains.costs import FILE as COSTS
from collector.domains.quotas import FOLDER, QuotaBook
from collector.domains.rate_table import FILE, RateTable
from collector.domains.resolver import DomainResolver, DomainRules
from collector.domains.seen_networks import FILE as NETWORKS
from collector.domains.seen_networks import SeenNetworks
from collector.domains.senders import Senders
from collector.errors import Locked, Unavailable
from collector.journal.entry import Durable, Intake, Payload
from collector.outcomes import Outcome
from collector.service.acknowledging import Acknowledger, rules
from collector.service.channel import Report
from collector.service.clients import accompanying
from collector.service.commits import Commits
from collector.service.control_door import ControlDoor
from collector.service.crowding import Crowding
from collector.service.door_events import DoorEvents
from collector.service.encryption import KeyWatch, forget_destroyed
from collector.service.extensions import Extensions
from collector.service.fullness import Fullness
from collector.service.key_events import tell_changes
from collector.service.links import links_of
from collector.service.listener_names import by_name
from collector.service.memory import guard_memory
from collector.service.plan import backend_of, command_owners, memory_limits, used_receivers
from collector.service.reporting import Reporting, may_ask, operator_domain
from collector.service.sender_events import SenderEvents
from collector.service.wiring import located_receivers
from collector.settings.cost_rules import cost_rules
from collector.settings.encryption import key_ring
from collector.settings.model import Settings

log = logging.getLogger("logboom.ingest")

LOCK_POLL_SECS = 0.02
LEAVE_SECS = 2.0  # who sends nothing for so long finds its connection closed
WAITING_BYTES = 64 << 20
SILENCE_SECS = 8.0


class WaitingIntake:
    """Requests wait here, bounded, until the journal is open; from then on it is the journal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._journal: Intake | None = None
        self._closed = False
        self._waiting: list[tuple[Sequence[Payload], Durable]] = []
        self._bytes = 0

    def append(self, payloads: Sequence[Payload], done: Durable) -> None:
        """Hand over, or keep for a moment."""
        if self._journal is None and self._kept(payloads, done):
            return
        if self._journal is None:
            done(Unavailable("stopping" if self._closed else "starting: too many requests wait for the journal"))
        else:
            self._journal.append(payloads, done)

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """The journal's."""
        if self._journal is None:
            raise Unavailable("the journal is not open yet")
        return self._journal.positions(receiver)

    def _kept(self, payloads: Sequence[Payload], done: Durable) -> bool:
        size = sum(len(payload.body) for payload in payloads)
        with self._lock:
            if self._journal is not None or self._closed or self._bytes + size > WAITING_BYTES:
                return False
            self._bytes += size
            self._waiting.append((payloads, done))
            return True

    def connect(self, journal: Intake) -> None:
        """The journal is open: let everything go there."""
        with self._lock:
            self._journal = journal
            waiting, self._waiting = self._waiting, []
        for payloads, done in waiting:
            journal.append(payloads, done)

    def give_up(self) -> None:
        """There will be no journal: the senders keep their data."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            done(Unavailable("stopping"))


class Ingest:
    """Ingest slot `slot`."""

    def __init__(self, settings: Settings, root: Path, slot: int) -> None:
        self._settings = settings
        self._root = root
        self._slot = slot
        self._phase = "starting"
        self._stop = threading.Event()
        self._successor = False
        self._deadline_secs = settings.service.processes.shutdown_timeout
        self._intake = WaitingIntake()
        self._extensions = Extensions(settings.extensions, root)
        self._keys = key_ring(settings.service.encryption, root) if settings.service.encryption is not None else None
        self._reporting = Reporting(root, f"ingest {slot}", lambda: settings)
        encryption = settings.service.encryption
        keys = None if encryption is None else encryption.place(root).keys
        self._key_watch = None if keys is None else KeyWatch(keys, self._reporting.reporter)
        self._door_events = DoorEvents(self._reporting.reporter)
        domains, processes = settings.service.domains, settings.service.processes
        self._senders = Senders(domains.trusted_peers)
        self._sender_events = SenderEvents(self._reporting.reporter, lambda it: self._senders.address(it.facts))
        self._networks = SeenNetworks(root / NETWORKS)
        self._limits = Limits(domains.limits.rules(), RateTable(root / FILE), self._door_events.limit)
        self._book = QuotaBook(root / FOLDER, slot, processes.ingest)
        self._quotas = Quotas(domains.quotas.rules(), self._book, self._door_events.quota)
        self._budgets = Budgets(cost_rules(settings), root / COSTS)
        view = backend_of(settings, root).view
        self._acknowledger = Acknowledger(self._intake, rules(settings), slot, view)
        self._admission = self._make_admission()
        self._receivers: dict[str, Receiver] = {}
        self._journal: Intake | None = None
        self._control: ControlDoor | None = None
        self._fullness = Fullness()
        self._generation = 0
        self._commits = Commits()
        self._crowding = Crowding()

    def _make_admission(self) -> Admission:
        domains = self._settings.service.domains
        rules = DomainRules(domains.names, domains.default, domains.header, domains.trusted_peers)
        trusting = {
            name
            for name, receiver in self._settings.receivers.items()
            if isinstance(receiver.config, TrustsEvents) and receiver.config.trust_events
        }
        resolver = DomainResolver(rules, self._extensions.known_domains)
        steps = checks(
            resolver, *self._bounds(), trusting, self._sender_events.foreign, located=located_receivers(self._settings),
            accompanying=accompanying(self._settings),
        )  # fmt: skip
        return Admission(
            steps,
            self._acknowledger,
            on_refused=self._count_refused,
            on_repaired=self._count_repaired,
            doorkeeper=Doorkeeper(
                self._senders,
                on_refused=self._asked,
                on_entered=self._sender_events.entered,
                networks=lambda credential, address: self._networks.used(credential, address, self._quotas.day()),
            ),
        )

    def _bounds(self) -> tuple[list[Check], list[Check]]:
        """The steps in front of and behind `validity` that can find something here; one that can't costs each request a call."""
        domains, senders_known = self._settings.service.domains, may_ask(self._settings)
        limited = domains.limits.rules().any or senders_known  # a credential may have limits of its own
        exposure = Exposure(self._extensions.holder, self._sender_events.exposed)
        behind = {
            self._limits.after: limited, self._budgets.check: cost_rules(self._settings).refuses,
            self._quotas.check: domains.quotas.rules().any, exposure.check: senders_known,
        }  # fmt: skip
        return [self._limits.before] if limited else [], [check for check, needed in behind.items() if needed]

    def _asked(self, asked: Asked) -> None:
        self._door_events.asked(asked)
        self._sender_events.refused(asked)

    def _count_refused(self, receiver: str, domain: str, kind: str, records: int) -> None:
        self._door_events.refused(receiver, domain, kind)
        if self._journal is not None:
            self._journal.count_refused(domain, receiver, records)

    def _count_repaired(self, receiver: str, domain: str, reasons: Mapping[str, int]) -> None:
        if self._journal is not None:
            for reason, values in reasons.items():
                self._journal.count_refused(domain, receiver, values, f"{Outcome.REPAIRED}:{reason}")

    def run(self) -> None:
        """Listen until `stop`; then let requests under way finish."""
        self._reporting.start()
        receivers = self._make_receivers()
        self._extensions.start()
        self._start({name: receiver for name, receiver in receivers.items() if receiver.per_process})
        self._journal = self._open_journal()
        if self._journal is None:
            self._intake.give_up()
        else:
            self._book.connect(self._journal.totals(), self._quotas.day())
            self._intake.connect(self._journal)
            if self._slot == 0:  # its predecessor has let go of the journal, so it reads nothing any more
                backend = backend_of(self._settings, self._root, self._keys)
                owners = command_owners(self._settings)
                self._control = ControlDoor.open(backend, self._root, self._stop, owners, self._knows)
                self._start({name: receiver for name, receiver in receivers.items() if not receiver.per_process})
            self._phase = "ready"
            guard_memory(memory_limits(self._settings), self._admission, self._stop)
        self._close()

    def _knows(self, domain: str) -> bool:
        """Whether a domain is known here."""
        known = {*self._settings.service.domains.served(), operator_domain(self._settings)}
        return domain in known or domain in self._extensions.known_domains()

    def _start(self, receivers: Mapping[str, Receiver]) -> None:
        for name, receiver in receivers.items():
            receiver.start(self._admission, share_port=True)
            self._receivers = {**self._receivers, name: receiver}  # the heartbeat may be reading it

    def _make_receivers(self) -> dict[str, Receiver]:
        made: dict[str, Receiver] = {}
        links = links_of(self._settings, self._root)
        for name in used_receivers(self._settings):
            component = self._settings.receivers[name]
            context = Context(
                name, self._root, extensions=self._extensions, links=links, signals=component.signals, keys=self._keys
            )
            made[name] = component.factory.create(component.config, context)
        return made

    def _open_journal(self) -> Intake | None:
        backend = backend_of(self._settings, self._root, self._keys)
        while not self._stop.is_set():
            try:
                return backend.open_intake(self._slot, on_fatal=_exit)
            except Locked:
                self._phase = "standby"
                time.sleep(LOCK_POLL_SECS)
        return None

    def stop(self, deadline_secs: float, drain: bool = True) -> None:
        """Ask `run` to finish; without `drain` a successor listens already, and senders are handed over to it."""
        self._deadline_secs, self._successor = deadline_secs, not drain
        self._stop.set()

    def report(self) -> Report | None:
        """The heartbeat: none while the journal's thread or a receiver's loop hangs."""
        journal = self._journal
        asked = self._admission.doorkeeper.counts()
        self._door_events.flush()
        self._sender_events.flush(asked)
        changes = self._extensions.changes()
        if self._keys is not None:
            forget_destroyed(self._keys)
        if self._slot == 0:  # each process sees them, one tells
            tell_changes(self._reporting.reporter, changes)
            if self._key_watch is not None:
                self._key_watch.look()
        silent = [receiver.silent_secs() for receiver in self._receivers.values()]
        if journal is not None:
            silent.append(time.monotonic() - journal.last_beat)
        if self._control is not None:
            silent.append(self._control.silent_secs())
        if max(silent, default=0.0) > SILENCE_SECS:
            return None
        state = journal.statistics() if journal is not None else None
        full = state is not None and self._fullness.look(state)
        refusing = self._admission.refusing or ("the journal is full: senders are told to wait" if full else "")
        if state is not None:
            refusing = state.shut or refusing
            self._generation = state.generation
        trouble = self._keys.trouble if self._keys is not None else ""
        refusing = refusing or (f"nothing can be encrypted, senders are told to wait: {trouble}" if trouble else "")
        doors = {name: receiver.endpoints() for name, receiver in self._receivers.items()}
        stats: dict[str, Any] = {"endpoints": by_name(doors), "doors": doors, "refusing": refusing}
        stats["listeners"] = by_name({name: receiver.gauges() for name, receiver in self._receivers.items()})
        stats["generation"] = self._generation
        stats["crowded"] = self._crowding.look(stats["listeners"])
        requests = self._admission.statistics()
        self._limits.look()
        stats["auth"] = [[*key, number] for key, number in asked.items()]
        stats["ending"] = self._extensions.ending()
        stats["stale"] = self._extensions.stale()
        stats["lacking"] = self._lacking()
        stats["events_lost"] = self._reporting.teller.lost_records
        self._budgets.look()
        stats["limits"] = [*self._limits.refused(), *self._quotas.refused(), *self._budgets.refused()]
        stats["quotas"] = list(self._quotas.used())
        stats["requests"] = {"accepted": requests.accepted_requests, **requests.refused_requests}
        waiting = requests.in_flight_requests - self._acknowledger.waiting if state is not None else 0
        stats["commit_waits_secs"] = self._commits.look(state.commits if state is not None else 0, waiting)
        return Report(self._phase, 0.0, stats)

    def _lacking(self) -> dict[str, str]:
        reading = [(name, each) for name, each in self._receivers.items() if isinstance(each, LacksSources)]
        return {f"{name} {source}": why for name, each in reading for source, why in each.lacking().items()}

    def _close(self) -> None:
        deadline = time.monotonic() + self._deadline_secs
        if self._successor and self._journal is not None:
            for receiver in self._receivers.values():
                if isinstance(receiver, HandsOver):
                    receiver.leave(min(LEAVE_SECS, self._deadline_secs))
        for receiver in self._receivers.values():
            receiver.stop_intake()  # what was sent to it already, and is told to nobody, is taken before admission refuses
        self._admission.stop()
        for receiver in self._receivers.values():
            receiver.shutdown(max(0.5, deadline - time.monotonic()))
        self._acknowledger.close()
        self._extensions.shutdown()
        self._reporting.close(0.5)
        if self._control is not None:
            self._control.close(max(0.5, deadline - time.monotonic()))
        if self._journal is not None:
            self._journal.close(max(0.5, deadline - time.monotonic()))


def _exit(error: Exception) -> None:
    """The journal can't be trusted after an I/O error: end, and let the supervisor start a new process."""
    log.critical("the journal failed: %s", error)
    os._exit(70)
