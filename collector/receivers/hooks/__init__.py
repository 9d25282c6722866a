"""What other systems and people tell over HTTP that is no log: deployments, what was done with an alert or a ticket."""

from collector.component import Factory, Kind
from collector.receivers.hooks.config import HooksConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="hooks",
    config=HooksConfig,
    behaviour="collector.receivers.hooks.receiver:HooksReceiver",
    summary="Takes what other systems and people tell over HTTP that is no log: deployments, acknowledgements, tickets, signed links.",
    local_reason="it makes commands of requests",
)
