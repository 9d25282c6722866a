"""A receiver of objects of the Kubernetes API: a thread for each list, and one that hands over what they read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from collector.admission.admission import Admission
from collector.component import Context
from collector.ingress.kubernetes.following import Following
from collector.ingress.kubernetes.pulling import Pulling
from collector.ingress.kubernetes.wanted import Maps, Wanted
from collector.ingress.kubernetes.watching import Watching
from collector.ingress.reading import Reading
from collector.release import release
from collector.transport.kubernetes.options import ApiOptions
from otlp_wire.record_writing import scope_field


class KubernetesReceiver:
    """Started in one ingest process, when nobody else has its journal: several would each read all.

    Args:
        scope: the name of the scope of its records.
        maps: makes records of objects.
    """

    per_process = False

    def __init__(
        self, config: ApiOptions, context: Context, domain: str, wanted: Sequence[Wanted], scope: str, maps: Maps
    ) -> None:
        self._id, self._access = context.id, config.access()
        self._wanted, self._maps = {one.id: one for one in wanted}, maps
        self._reading = Reading(context.id, domain, scope_field(scope, release(), {}))
        self._lists: list[Following] = []

    def start(self, admission: Admission, *, share_port: bool = False) -> None:  # noqa: ARG002
        """Go on where what is durable ends. Raises `Unavailable` while there is no journal."""
        taken = admission.positions(self._id)
        for id_, wanted in self._wanted.items():
            kind = Pulling if wanted.pull_secs else Watching
            self._lists.append(kind(wanted, self._access, self._reading.source(id_), self._maps, taken.get(id_, b"")))
        self._reading.start(admission)
        for one in self._lists:
            one.start()

    def stop_intake(self) -> None:
        """Read nothing any more; what is under way gets its answer."""
        for one in self._lists:
            one.end()
        self._reading.stop()

    def shutdown(self, deadline_secs: float) -> None:
        """End all threads; safe twice."""
        deadline = time.monotonic() + deadline_secs
        self.stop_intake()
        for one in self._lists:
            one.join(max(0.0, deadline - time.monotonic()))
        self._reading.join(max(0.0, deadline - time.monotonic()))

    def endpoints(self) -> Mapping[str, str]:
        """It does not listen."""
        return {}

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """It has no listener."""
        return {}

    def silent_secs(self) -> float:
        """Since its thread last went round."""
        return self._reading.silent_secs()

    def lacking(self) -> Mapping[str, str]:
        """List → why it can't be read, or its records are not taken."""
        refused = self._reading.refused()
        return {one.wanted.shown: why for one in self._lists if (why := one.lacking or refused.get(one.wanted.id, ""))}
