"""probabilistic_sampler: keeps one in so many records, the same ones wherever it is asked."""

from collector.component import Factory, Kind
from processors.probabilistic_sampler.config import ProbabilisticSamplerConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="probabilistic_sampler",
    config=ProbabilisticSamplerConfig,
    behaviour="processors.probabilistic_sampler.processor:ProbabilisticSampler",
    summary="keeps a percentage of records, by trace id or an attribute",
    differs=("a sampling priority of 0 drops the record, as its documents say",),
)
