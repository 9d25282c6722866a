"""Language models behind an OpenAI-compatible endpoint."""

from collector.component import Factory, Instrument, Kind
from exporters.openai.config import OpenAiConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="openai",
    config=OpenAiConfig,
    behaviour="exporters.openai.exporter:OpenAiExporter",
    summary="lets a language model write a summary and hypotheses for new and worse issues, within a budget of the day",
    stability="alpha",
    counters=(
        Instrument("model_calls", "{calls}", "Calls of a language model that were answered, since the worker started."),
        Instrument(
            "model_tokens", "{tokens}", "Tokens that a language model says it read and wrote, since the worker started."
        ),
        Instrument(
            "model_refused",
            "{issues}",
            "Issues that the budget of the day had nothing left for, since the worker started.",
        ),
    ),
)
