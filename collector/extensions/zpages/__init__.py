"""Pages about pipelines, components and queues for whoever is on the machine; the supervisor serves them."""

from collector.component import Factory, Kind
from collector.extensions.zpages.config import ZPagesConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="zpages",
    config=ZPagesConfig,
    behaviour="",
    summary="pages about pipelines, components and queues at /debug/servicez, /debug/pipelinez, …",
    stability="beta",
    differs=("served on loopback alone, whatever address is written", "tracez shows steps and requests that were slow, not each request"),
)  # fmt: skip
