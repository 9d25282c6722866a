"""What other systems tell over HTTP that is no log: deployments."""

from collector.component import Factory, Kind
from collector.receivers.hooks.config import HooksConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="hooks",
    config=HooksConfig,
    behaviour="collector.receivers.hooks.receiver:HooksReceiver",
    summary="Takes what other systems tell over HTTP that is no log: deployments.",
)
