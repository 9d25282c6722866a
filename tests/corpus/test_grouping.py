"""Error records of many ecosystems, and which of them are the same fault: what grouping into issues is measured on.

A fault is what one change of code or configuration would mend. Each case in `grouping/` names a public source of its form (an issue with
such a trace, or the document of the format), and shows the fault several times as it comes in life: other lines, ids, minified names,
numbers of lambdas, frames of an event loop, a wrapper around the cause, a translated message. Beside it stand faults that look alike.
The set was written and committed before the code that groups; `grouping_second/` after it, with forms that the first does not have. Their
first figures stand in processors/issues/README.md.

    fault: python/price-key-missing     its label; what has another one is another fault
    source: https://…
    body, type, message, stack          body, exception.type, .message, .stacktrace; `<<name>>` stands for what `vary` says
    scope, attributes                   as they are
    vary: [{name: value}, …]            a record each
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.batch import LogBatch
from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.issues.grouping.fingerprint import Facts, Grouping, grouping, read

FOLDER = Path(__file__).parent / "grouping"
SECOND = Path(__file__).parent / "grouping_second"
_PLACE = re.compile(r"<<(\w+)>>")
_EXCEPTION = {"type": "exception.type", "message": "exception.message", "stack": "exception.stacktrace"}
_TEXTS = ("body", *_EXCEPTION)


@dataclass(frozen=True, slots=True)
class Case:
    """A record as `collector.samples` takes it, and the fault that it shows."""

    fault: str
    ecosystem: str
    source: str
    record: Mapping[str, Any]


def _filled(text: str, said: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda match: str(said[match[1]]), text).rstrip("\n")


def _cases(ecosystem: str, entry: Mapping[str, Any]) -> Iterator[Case]:
    for said in entry["vary"]:
        texts = {name: _filled(entry[name], said) for name in _TEXTS if name in entry}
        attributes = {
            **entry.get("attributes", {}),
            **{_EXCEPTION[name]: texts[name] for name in texts if name in _EXCEPTION},
        }
        record = {
            "body": texts.get("body", ""), "severity": "ERROR", "attributes": attributes, "scope": entry.get("scope", ""),
            "resource": {"service.name": f"{ecosystem}-shop"},
        }  # fmt: skip
        yield Case(entry["fault"], ecosystem, entry["source"], record)


@cache
def labelled(folder: Path = FOLDER) -> tuple[Case, ...]:
    """A whole set, in the order of the files."""
    return tuple(
        case
        for path in sorted(folder.glob("*.yaml"))
        for entry in yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # every value a text: 0x18 is no 24
        for case in _cases(path.stem, entry)
    )


def test_the_set_is_as_large_and_as_wide_as_it_says() -> None:
    cases = labelled()
    assert len(cases) >= 300
    assert len({case.ecosystem for case in cases}) >= 12
    assert len({case.fault for case in cases}) >= 100


def test_each_fault_names_its_source_and_is_seen_more_than_once() -> None:
    seen: dict[str, list[Case]] = {}
    for case in labelled():
        seen.setdefault(case.fault, []).append(case)
    assert all(case.source.startswith("https://") for case in labelled())
    assert [fault for fault, cases in seen.items() if len(cases) < 2] == []
    assert len(seen) == sum(len(yaml.load(path.read_text("utf-8"), yaml.BaseLoader)) for path in FOLDER.glob("*.yaml"))


_FRAMES = 3
_READ = ("exception.type", "exception.message", "exception.stacktrace", "{OriginalFormat}", "error.fingerprint")


def _grouped(batch: LogBatch) -> list[Grouping]:
    said = {key: batch.attribute_text(key).fill_null("").to_list() for key in _READ}
    logger = batch.scope_field("name").to_list()
    component = batch.attribute_text("logboom.component").to_list()
    service = batch.resource_attribute("service.name").to_list()
    body = batch.column("body").fill_null("").to_list()
    out = []
    for i in range(len(batch)):
        type_, message, stack, template, explicit = (said[key][i] for key in _READ)
        source = component[i] or logger[i] or service[i]
        out.append(
            grouping(
                read(
                    Facts(type_, message, stack, body[i], template, "", source, logger[i] or service[i], explicit),
                ),
                _FRAMES,
            )
        )
    return out


def _pairs(labels: Sequence[Any]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(labels).values())


def scored(groups: Sequence[str], faults: Sequence[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of records: of two in a group, are they one fault; of two of a fault, are they in one group."""
    right = _pairs(list(zip(groups, faults, strict=True)))
    precision, recall = right / max(1, _pairs(groups)), right / max(1, _pairs(faults))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


@pytest.mark.parametrize("behind_categorize", [False, True])
@pytest.mark.parametrize("folder", [FOLDER, SECOND], ids=["first", "second"])
def test_faults_are_told_apart_and_their_variations_are_not(folder: Path, behind_categorize: bool) -> None:
    cases = labelled(folder)
    batch = batch_of([case.record for case in cases])
    if behind_categorize:
        batch = Categorize(CategorizeConfig(), Context("categorize", FOLDER)).process(batch, FakeWork())
    found = _grouped(batch)
    precision, recall, f1 = scored([one.issue_id for one in found], [case.fault for case in cases])
    assert f1 >= 0.97, f"precision {precision:.3f}, recall {recall:.3f}"
