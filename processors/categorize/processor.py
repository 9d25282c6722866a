"""The behaviour of `categorize`: each category is decided from its clues, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, encode, of_answers
from collector.columns.handed import hand_over
from collector.component import Context, Work
from collector.explanation import Explanation
from processors.categorize import component, endpoint, environment, error_type, severity, source_type, status
from processors.categorize.bodies import parse_bodies
from processors.categorize.cardinality import Cardinality
from processors.categorize.config import CategorizeConfig
from processors.categorize.view import Clue, Decision, View, as_is, decide

SOURCE_TYPE = "logboom.source_type"
ERROR_TYPE = "logboom.error_type"
COMPONENT = "logboom.component"
ENDPOINT = "logboom.endpoint"

_KEYS = (
    *environment.EXPLICIT[:5],
    *source_type.UI_ATTRIBUTES,
    *source_type.BACKEND_ATTRIBUTES,
    *source_type.FILE_KEYS,
    *error_type.ALL,
    *component.ALL,
    *endpoint.ALL,
    *severity.ATTRIBUTES,
    *status.ALL,
)
_RESOURCE_KEYS = (
    *environment.EXPLICIT,
    *environment.NAMES,
    *source_type.UI_RESOURCE,
    *source_type.BACKEND_RESOURCE,
    *source_type.NAME_KEYS,
    *source_type.FILE_KEYS,
    "telemetry.sdk.language",
    "os.name",
)


class Categorize:
    """Sets the attributes of the README; records are neither dropped nor reordered."""

    def __init__(self, config: CategorizeConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._bounds = {
            COMPONENT: Cardinality("component", config.max_components),
            ENDPOINT: Cardinality("endpoint", config.max_endpoints),
        }
        self._named = environment.explicit(config.environments)

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with its categories."""
        if not len(batch):
            return batch
        if self._config.parse_bodies:
            batch = parse_bodies(batch, self._config.parse_bodies)
        view = _view(batch)
        if self._config.severity:
            view = _with_severity(view)
        batch = view.batch
        found = error_type.parsed(view) if self._config.error_type else None
        decided = {name: decide(clues, len(batch)) for name, clues in self._clues(view, found).items()}
        domains = encode(batch.column("domain"))
        decided |= {
            name: bound.bounded(decided[name], domains, work) for name, bound in self._bounds.items() if name in decided
        }
        if self._config.environment:
            decided[environment.ATTRIBUTE] = _known(decided[environment.ATTRIBUTE], view)
        sent = error_type.completed(view) if self._config.error_type else {}
        if found is not None:
            decided |= {key: _prefer_sent(view, key, values, sent) for key, values in found.items()}
        decided |= {key: values for key, values in sent.items() if key not in decided}
        columns = {key: decision.coded() for key, decision in decided.items()}
        answered = status.numbers(view, decide(status.clues(view), len(batch)))
        if answered is not None:
            columns[status.ATTRIBUTE] = answered
        batch = batch.with_attributes({key: coded.column() for key, coded in columns.items()})
        hand_over(batch.derived, columns)
        hand_over(batch.records, view.texts())
        return batch

    def explain(self, batch: LogBatch) -> list[Explanation]:
        """Each category's clues for a batch of one record, in order; the first that answers decides."""
        if self._config.parse_bodies:
            batch = parse_bodies(batch, self._config.parse_bodies)
        asked: dict[str, Iterator[Clue]] = {}
        view = _view(batch)
        if self._config.severity:
            asked["severity_number"] = _sent_severity(batch) or severity.clues(view, apart=True)
            view = _with_severity(view)
        found = error_type.parsed(view) if self._config.error_type else None
        asked |= self._clues(view, found)
        asked[status.ATTRIBUTE] = status.clues(view)
        return [told for subject, clues in asked.items() for told in _told(subject, clues)]

    def _clues(self, view: View, found: Mapping[str, Coded] | None) -> dict[str, Iterator[Clue]]:
        stacktrace = found["exception.stacktrace"] if found is not None else None
        offered = (
            (self._config.environment, environment.ATTRIBUTE, environment.clues(view, self._named)),
            (self._config.source_type, SOURCE_TYPE, source_type.clues(view)),
            (self._config.error_type, ERROR_TYPE, error_type.clues(view, found)),
            (self._config.component, COMPONENT, component.clues(view, stacktrace)),
            (self._config.endpoint, ENDPOINT, endpoint.clues(view)),
        )
        return {name: clues for wanted, name, clues in offered if wanted}


def _view(batch: LogBatch) -> View:
    return View(batch, _KEYS, _RESOURCE_KEYS)


def _with_severity(view: View) -> View:
    if not (view.severity < 1).any():
        return view
    decided = decide(severity.clues(view), len(view))
    return view.of(view.batch.with_fields({"severity_number": severity.fill(decided, view.severity)}))


def _known(decided: Decision, view: View) -> Decision:
    """Unknown stays unknown: a value of the record that means nothing to us is left as it was sent."""
    labels = [None if label == environment.UNKNOWN else label for label in decided.labels]
    known = Clue("known", of_answers(decided.codes, labels))
    return decide([known, *view.attribute_clues((environment.ATTRIBUTE,), as_is)], len(view))


def _prefer_sent(view: View, key: str, parsed: Coded, completed: Mapping[str, Decision]) -> Decision:
    """Attributes that came with the record win over what the body says."""
    if key in completed:
        sent = [Clue("completed", completed[key].coded())]
    else:
        sent = list(view.attribute_clues((key,), as_is))
    return decide([*sent, Clue("body", parsed)], len(view))


def _sent_severity(batch: LogBatch) -> Iterator[Clue] | None:
    numbers = batch.column("severity_number")
    return iter([Clue("severity_number as sent", encode(numbers.cast(pl.String)))]) if numbers[0] > 0 else None


def _told(subject: str, clues: Iterator[Clue]) -> Iterator[Explanation]:
    decided = False
    for clue in clues:
        answer = clue.of_record(0)
        yield Explanation(subject, answer, clue.name, decides=answer is not None and not decided)
        decided = decided or answer is not None
