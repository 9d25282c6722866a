"""Tells load balancers and orchestrators whether logboom is up; the supervisor serves it."""

from collector.component import Factory, Kind
from collector.extensions.health_check.config import HealthCheckConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="health_check",
    config=HealthCheckConfig,
    behaviour="",
    summary="HTTP health endpoint: /, /ready and /live",
    stability="beta",
    differs=("the answer has more fields; /ready and /live beside it",),
)
