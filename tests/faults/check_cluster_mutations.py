"""Faults are planted in the cluster's code, one by one; the state machine must find each. Prints after how many examples it did."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from counterparts.cluster_machine.machine import ClusterMachine
from counterparts.cluster_machine.mutations import FOUND_BY, MUTATIONS

EXAMPLES = int(os.environ.get("LOGBOOM_CLUSTER_EXAMPLES", "1000"))
SEED = int(os.environ.get("LOGBOOM_SEED", "20401"))

pytestmark = pytest.mark.timeout(60 + 2 * EXAMPLES)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_planted_fault_is_found(mutation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = 0
    made = ClusterMachine.__init__

    def counted(self: ClusterMachine) -> None:
        nonlocal examples
        examples += 1
        made(self)

    monkeypatch.setattr(ClusterMachine, "__init__", counted)
    chosen = settings(
        max_examples=EXAMPLES, stateful_step_count=50, suppress_health_check=list(HealthCheck), database=None,
        phases=[Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    began = time.monotonic()
    with pytest.raises(FOUND_BY) as found, MUTATIONS[mutation]():
        run_state_machine_as_test(seed(SEED)(ClusterMachine), settings=chosen)
    said = str(found.value).splitlines()[0][:150]
    print(f"\n{mutation}: found by example {examples}, {time.monotonic() - began:.0f} s: {said}")
