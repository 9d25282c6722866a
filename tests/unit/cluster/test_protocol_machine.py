"""Everything that may befall several logbooms on one cluster, in any order: `counterparts.cluster_machine` says what must be true in the end."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from counterparts.cluster_machine.machine import ClusterMachine
from counterparts.cluster_machine.mutations import FOUND_BY, MUTATIONS

EXAMPLES = int(os.environ.get("LOGBOOM_CLUSTER_EXAMPLES", "15"))
STEPS = 50
QUICKLY_FOUND = ("cursor_beside_the_transaction", "resent_is_not_known", "restoring_stops_one_record_early")

pytestmark = pytest.mark.timeout(120 + 10 * EXAMPLES)


def test_what_was_accepted_is_processed_once_whatever_happens() -> None:
    run_state_machine_as_test(
        ClusterMachine,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)),
    )


@pytest.mark.parametrize("mutation", QUICKLY_FOUND)
def test_the_machine_finds_what_is_planted(mutation: str) -> None:
    """A few of those that `make cluster-mutations` plants."""
    chosen = settings(
        max_examples=100, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck), database=None,
        phases=[Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    with pytest.raises(FOUND_BY), MUTATIONS[mutation]():
        run_state_machine_as_test(ClusterMachine, settings=chosen)
