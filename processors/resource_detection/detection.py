"""Asks the detectors, each on a thread of its own, so that none waits for another and no step for longer than it may."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from processors.resource_detection.attributes import UNSET
from processors.resource_detection.config import ResourceDetectionConfig, RetryConfig
from processors.resource_detection.detectors import DETECT
from processors.resource_detection.surroundings import Failed, Found, NotHere, Surroundings

log = logging.getLogger("logboom.resource_detection")
_TAGS = ("ec2.tag.", "azure.tag.")


class Detection:
    """What was found so far. Nothing is asked before somebody wants to know."""

    def __init__(
        self, config: ResourceDetectionConfig, around: Surroundings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._config, self._around, self._sleep = config, around, sleep
        self._order = config.chosen()
        self._found: dict[str, Found] = {}
        self._tried: set[str] = set()
        self._changed = threading.Condition()
        self._deadline = 0.0
        self._merged: Found | None = None

    def attributes(self) -> Mapping[str, str | int | bool]:
        """What is to be set now. The first calls wait for detectors that have not answered yet, all together for `timeout`."""
        if not self._deadline:
            self._begin()
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._tried) == len(self._order), max(0.0, self._deadline - time.monotonic())
            )
            if self._merged is None:
                self._merged = self._merge()
            return self._merged

    def _begin(self) -> None:
        self._deadline = time.monotonic() + self._config.timeout
        for name in self._order:
            threading.Thread(target=self._watch, args=(name,), name=f"detect-{name}", daemon=True).start()

    def _merge(self) -> Found:
        """The first detector that found an attribute decides it."""
        only = set(self._config.attributes)
        merged: Found = {}
        for name in reversed(self._order):
            merged |= self._found.get(name, {})
        return {key: value for key, value in merged.items() if not only or key in only}

    def _watch(self, name: str) -> None:
        """Until the detector has said what there is; for ever where everything is to be detected anew."""
        waits = _waits(self._config.retry)
        told = ""
        while True:
            wait, said = 0.0, ""
            try:
                self._keep(name, self._chosen(name))
                waits = _waits(self._config.retry)
            except NotHere as error:
                said, wait = str(error), next(waits, 0.0) if self._insists(name) else 0.0
            except Failed as error:
                said, wait = str(error), next(waits, 0.0)
            except (
                KeyError,
                TypeError,
                ValueError,
                AttributeError,
                OSError,
            ) as error:  # what a service answers is not ours
                said = f"{type(error).__name__}: {error}"
            if said:
                self._tell(name, said, told, wait)
                told = said
            self._tried_once(name)
            wait = wait or self._config.refresh_interval
            if not wait:
                return
            self._sleep(wait)

    def _chosen(self, name: str) -> Found:
        options = self._config.of(name)
        found = DETECT[name](self._around, options)
        if name == "env":
            return found
        sets = options.sets() - UNSET
        return {key: value for key, value in found.items() if key in sets or key.startswith(_TAGS)}

    def _insists(self, name: str) -> bool:
        return self._config.fail_on_missing_metadata or (name == "ec2" and self._config.ec2.fail_on_missing_metadata)

    def _keep(self, name: str, found: Found) -> None:
        with self._changed:
            if self._found.get(name) != found:
                self._found[name], self._merged = found, None

    def _tried_once(self, name: str) -> None:
        with self._changed:
            self._tried.add(name)
            self._merged = None
            self._changed.notify_all()

    def _tell(self, name: str, said: str, told: str, wait: float) -> None:
        if said != told or self._insists(name):
            again = f"; it is tried again in {wait:g} s" if wait else ""
            level = logging.WARNING if wait or self._insists(name) else logging.INFO
            log.log(level, "detector %s found nothing: %s%s", name, said, again)


def _waits(retry: RetryConfig) -> Iterator[float]:
    """Seconds between attempts, as long as there are to be any."""
    wait, spent = retry.initial_interval, 0.0
    while not retry.max_elapsed_time or spent + wait <= retry.max_elapsed_time:
        yield wait
        spent += wait
        wait = min(wait * retry.multiplier, retry.max_interval)
