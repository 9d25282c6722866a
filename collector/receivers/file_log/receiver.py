"""The `file_log` receiver: text of files is journalled as it stands."""

from __future__ import annotations

from collector.admission.steps import Arrival
from collector.component import Context
from collector.ingress.files.files_receiver import FilesReceiver
from collector.ingress.files.handed import Handed, Heading
from collector.ingress.files.source import Fixed
from collector.receivers.file_log.config import FileLogConfig
from otlp_wire import Received, Repairs


class FileLogReceiver(FilesReceiver):
    """A record is a line, or what `multiline` says."""

    def __init__(self, config: FileLogConfig, context: Context) -> None:
        super().__init__(config, context.id, config.domain, Fixed(config.attributes, config.resource))
        self._header, self._encoding = config.header, config.encoding

    def heading(self) -> Heading | None:
        """See `FilesReceiver`."""
        if self._header is None:
            return None
        from collector.receivers.file_log.header import Headings  # loads polars

        return Headings(self._header, self._encoding)

    def arrival(self, handed: Handed) -> Arrival:
        """See `FilesReceiver`."""
        text = handed.piece.text
        received = Received(text.body(), handed.piece.records, 1, Repairs())
        return Arrival(
            self._id, self._facts, text.text, read=lambda _: received, text=True,
            digest=handed.digest(self._id), position=handed.position(), besides=[position for _, position in handed.besides],
            held=True,
        )  # fmt: skip
