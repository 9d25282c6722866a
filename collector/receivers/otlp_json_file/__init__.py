"""OTLP JSON of files, a request a line, exactly once from the file to the store."""

from collector.component import Factory, Kind
from collector.receivers.otlp_json_file.config import OtlpJsonFileConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="otlp_json_file",
    config=OtlpJsonFileConfig,
    behaviour="collector.receivers.otlp_json_file.receiver:OtlpJsonFileReceiver",
    summary="Follows files of OTLP JSON, as OpenTelemetry's file exporters write them; each record reaches the store once.",
    aliases=("otlpjsonfile",),
    stability="beta",
    differs=(
        "how far a file was read is kept in the journal, with what was read: no storage is needed, and a kill repeats nothing",
        "a line has 16 MiB at most, not one, and what has no end yet is waited for 10 s, not half a second: exporters write lines in pieces",
        "what is wrong in a line costs that value alone; a line of another signal, or one that can't be read, is counted and named",
    ),
    local_reason="it reads files of this machine",
)
