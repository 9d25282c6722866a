"""The `otlp_json_file` receiver: lines of files become OTLP at the door."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.admission.steps import Arrival
from collector.component import Context
from collector.ingress.files.files_receiver import FilesReceiver
from collector.ingress.files.handed import Handed
from collector.receivers.otlp_json_file.config import OtlpJsonFileConfig
from collector.receivers.otlp_json_file.lines import take

_NUMBER = re.compile(r"\d+")


class OtlpJsonFileReceiver(FilesReceiver):
    """A line is a request of OTLP."""

    def __init__(self, config: OtlpJsonFileConfig, context: Context) -> None:
        super().__init__(config, context.id, config.domain, again=config.replay_file)

    def arrival(self, handed: Handed) -> Arrival:
        """See `FilesReceiver`."""
        piece = handed.piece
        received, left_out = take(piece.text)
        self._tell(piece.source.path, left_out)
        return Arrival(
            self._id, self._facts, piece.text.text, read=lambda _: received, digest=handed.digest(self._id),
            position=handed.position(), besides=[position for _, position in handed.besides], held=True,
        )  # fmt: skip

    def _tell(self, path: str, left_out: Mapping[str, int]) -> None:
        """Once for each kind of fault: that one line breaks off in column 7 and another in column 8 is the same."""
        kinds: dict[str, tuple[str, int]] = {}
        for reason, lines in left_out.items():
            kind = _NUMBER.sub("", reason)
            first, others = kinds.get(kind, (reason, 0))
            kinds[kind] = first, others + lines
        for kind, (reason, lines) in kinds.items():
            of = "a line is" if lines == 1 else f"{lines} lines are"
            self.say(f"{path} {kind}", f"{self._id}: {of} left out of {path}: {reason}")
