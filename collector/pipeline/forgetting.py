"""What components keep of a person is taken out of their state; of a domain that is erased whole, all state goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from collector.component import Erasure, ForgetsSubjects
from collector.ledger.interface import Ledger
from collector.pipeline.made import Maker, Occasion
from collector.pipeline.network import Network
from collector.pipeline.processed import no_records, told_of
from collector.pipeline.state import Changes
from collector.pipeline.work import StepWork
from collector.reserved import AUDIT, memory_of


class Forgetting:
    """Of one partition.

    Args:
        network: its components, the instances that step.
    """

    def __init__(self, ledger: Ledger, network: Network, now_unix_nano: Callable[[], int] = time.time_ns) -> None:
        self._ledger = ledger
        self._network = network
        self._now = now_unix_nano

    def forget(self, erasure: Erasure, changes: Changes) -> int:
        """Ask all that can; what they change is added to `changes`. How many things were changed.

        Raises:
            StageFailed: a component raised; `changes` are worth nothing then.
        """
        changed = 0
        for pipeline, name, component in self._components():
            if isinstance(component, ForgetsSubjects):
                occasion = Occasion(erasure.domain, erasure.received_before_unix_nano, f"erasure {erasure.id}")
                maker = Maker(pipeline, name, no_records(), occasion)
                work = StepWork(self._ledger, changes, maker, f"processor/{pipeline}/{name}", self._now())
                with told_of(f"component {name}"):
                    changed += component.forget(erasure, work)
        if erasure.subject is None and not erasure.counts_only:
            changed += self._forget_all(erasure.domain, changes)
        return changed

    def _forget_all(self, domain: str, changes: Changes) -> int:
        names = {name for _, name, _ in self._components()} - {AUDIT}  # the account of what was done, which goes on
        found = 0
        for name in names | {memory_of(name) for name in names}:
            for key, _ in self._ledger.state(name, domain).scan(b""):
                changes[name, domain, key] = None
                found += 1
        return found

    def _components(self) -> Iterator[tuple[str, str, object]]:
        for pipeline, processors in self._network.processors.items():
            yield from ((pipeline, name, processor) for name, processor in processors)
        for name, connector in self._network.connectors.items():
            yield self._network.ticks_behind(name), name, connector
