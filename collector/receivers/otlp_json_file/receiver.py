"""The `otlp_json_file` receiver: lines of files become OTLP at the door."""

from __future__ import annotations

from collector.admission.steps import Arrival
from collector.component import Context
from collector.ingress.files.files_receiver import FilesReceiver
from collector.ingress.files.handed import Handed
from collector.receivers.otlp_json_file.config import OtlpJsonFileConfig
from collector.receivers.otlp_json_file.lines import take


class OtlpJsonFileReceiver(FilesReceiver):
    """A line is a request of OTLP."""

    def __init__(self, config: OtlpJsonFileConfig, context: Context) -> None:
        super().__init__(config, context.id, config.domain, again=config.replay_file)

    def arrival(self, handed: Handed) -> Arrival:
        """See `FilesReceiver`."""
        piece = handed.piece
        received, left_out = take(piece.text)
        for reason, lines in left_out.items():
            of = "a line is" if lines == 1 else f"{lines} lines are"
            self.say(f"{piece.source.path} {reason}", f"{self._id}: {of} left out of {piece.source.path}: {reason}")
        return Arrival(
            self._id, self._facts, piece.text.text, read=lambda _: received, digest=handed.digest(self._id),
            position=handed.position(), besides=[position for _, position in handed.besides], held=True,
        )  # fmt: skip
