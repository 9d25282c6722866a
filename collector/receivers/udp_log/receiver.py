"""The `udp_log` receiver."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.text_datagrams import TextDatagrams
from collector.ingress.text_pieces import Pieces
from collector.ingress.text_streams import Place
from collector.receivers.udp_log.config import UdpLogConfig


class UdpLogReceiver(TextDatagrams):
    """One listener; a record a datagram, unless options say otherwise."""

    def __init__(self, config: UdpLogConfig, context: Context) -> None:
        super().__init__(Place(context.id), config, Pieces(config, config), config.domain)
