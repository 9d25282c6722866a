"""The `tcp_log` receiver."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.cutting import Cutter
from collector.ingress.cutting_options import cutter_of
from collector.ingress.octets import Whole, recoded
from collector.ingress.text_pieces import Pieces
from collector.ingress.text_streams import Place, TextStreams
from collector.receivers.tcp_log.config import TcpLogConfig
from collector.transport.auth import server_authenticator


class TcpLogReceiver(TextStreams):
    """One listener; a record a line, unless options say otherwise."""

    def __init__(self, config: TcpLogConfig, context: Context) -> None:
        self._given = config
        authenticator = server_authenticator(config.auth, context)
        super().__init__(Place(context.id), config, Pieces(config, config), authenticator, self._cutting, config.domain)

    def _cutting(self) -> Cutter:
        given = self._given
        if given.one_log_per_packet:
            return recoded(Whole(given.max_log_size), given.encoding)
        return cutter_of(given.multiline, given.encoding, given.max_log_size)
