"""Text in UDP datagrams, or those of a unix socket."""

from collector.component import Factory, Kind
from collector.receivers.udp_log.config import UdpLogConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="udp_log",
    config=UdpLogConfig,
    behaviour="collector.receivers.udp_log.receiver:UdpLogReceiver",
    summary="takes datagrams, each a record, over UDP or a unix socket",
    aliases=("udplog",),
    stability="beta",
    differs=("what there is no room for is dropped and counted, never silently",),
)
