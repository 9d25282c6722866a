"""Where to look, for people who are woken: from what the errors say, from what changed, and from how it was resolved before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from collector.causes.cause import Cause, Finding

SURE = 0.5
"""Below this confidence a suggestion is one of several things that may be worth a look."""
_MOST_TEXTS = 200
_LONGEST_TEXT = 4000
_MOST_SUGGESTIONS = 4
_PLACES_OF_A_VALUE = ("host.name", "k8s.node.name", "k8s.pod.name", "cloud.availability_zone", "cloud.region")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Where to look.

    Args:
        place: what kind of place: `deployment`, `machine`, `service`, `history`, or that of a rule (`dependency`, `disk`, …).
        target: its name, as far as it is known: `db-1:5432`, `checkout 2.9.7`, `web-3`.
        sentence: for people.
        confidence: 0 to 1.
        because: the rule or finding that says so.
    """

    place: str
    target: str
    sentence: str
    confidence: float
    because: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """How an earlier occurrence ended: who resolved it, with what words, in which version."""

    who: str
    why: str = ""
    version: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of error and where to look then; see `rules.yaml`."""

    id: str
    place: str
    when: re.Pattern[str]
    target: re.Pattern[str] | None
    text: str
    otherwise: str
    match: Sequence[str] = ()
    miss: Sequence[str] = ()

    def about(self, text: str) -> str:
        """What the text names as the place; empty: nothing."""
        found = self.target.search(text) if self.target else None
        return next((group.rstrip(".,:;'\"") for group in found.groups() if group), "") if found else ""


@cache
def rules() -> Sequence[Rule]:
    """The rules that come with logboom."""
    written = yaml.safe_load(files("collector.causes").joinpath("rules.yaml").read_text("utf-8"))
    return tuple(_rule(one) for one in written)


def _rule(one: Mapping[str, object]) -> Rule:
    target = one.get("target")
    return Rule(
        str(one["id"]), str(one["place"]), re.compile(str(one["when"]), re.IGNORECASE),
        re.compile(str(target), re.IGNORECASE) if target else None, str(one["text"]), str(one.get("otherwise", one["text"])),
        tuple(map(str, one["match"])), tuple(map(str, one["miss"])),  # type: ignore[call-overload]
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the cause.

    Args:
        where: the service of the fault, or its services.
        texts: what its records say: exception type, message, body; a sample.
        resolutions: of earlier occurrences, the newest first.
    """

    where: str
    texts: Sequence[str]
    resolutions: Sequence[Resolution] = field(default_factory=tuple)


def suggest(known: Known, cause: Cause | None = None) -> list[Suggestion]:
    """Places to look at, the likeliest first; empty where nothing is known."""
    found = [*_of_history(known), *(_of_changes(cause) if cause else ()), *_of_texts(known)]
    found.sort(key=lambda one: -one.confidence)
    return found[:_MOST_SUGGESTIONS]


def _of_texts(known: Known) -> list[Suggestion]:
    """The rule that most of the texts match; where only some do, with less confidence."""
    texts = Counter(text[:_LONGEST_TEXT] for text in known.texts[:_MOST_TEXTS] if text)
    targets: dict[str, Counter[str]] = {}
    for text, n in texts.items():
        rule = next((one for one in rules() if one.when.search(text)), None)
        if rule is not None:
            targets.setdefault(rule.id, Counter())[rule.about(text)] += n
    by_id = {one.id: one for one in rules()}
    most = sorted(targets, key=lambda name: (-targets[name].total(), name))[:2]
    return [_of_rule(by_id[name], targets[name], targets[name].total() / texts.total(), known) for name in most]


def _of_rule(rule: Rule, targets: Counter[str], share: float, known: Known) -> Suggestion:
    named = Counter({name: n for name, n in targets.items() if name and name != known.where})
    target, n = named.most_common(1)[0] if named else ("", 0)
    target = target if 2 * n >= targets.total() else ""
    written = rule.text if target or "{target}" not in rule.text else rule.otherwise
    where = known.where or "the service"
    sure = share * (0.75 if target or "{target}" not in rule.text else 0.6)
    return Suggestion(rule.place, target, written.format(target=target, where=where), sure, f"rule {rule.id}")


def _of_changes(cause: Cause) -> list[Suggestion]:
    return [one for finding in cause.findings if (one := _of_finding(finding)) is not None]


def _of_finding(finding: Finding) -> Suggestion | None:
    subject = finding.subject
    if finding.kind == "deployment":
        target = f"{subject['service.name']} {subject['service.version']}"
        sentence = f"look at what {target} changed, or roll it back: {finding.sentence}"
        return Suggestion("deployment", target, sentence, finding.confidence, "what changed")
    if finding.kind == "values":
        name = next((name for name in _PLACES_OF_A_VALUE if name in subject), None)
        if name is None:
            return None
        sentence = f"look at {name} {subject[name]}, or take it out: {finding.sentence}"
        return Suggestion("machine", subject[name], sentence, finding.confidence * 0.95, "what changed")
    if finding.kind == "service":
        sentence = f"look at {subject['service.name']}: {finding.sentence}"
        return Suggestion("service", subject["service.name"], sentence, finding.confidence * 0.7, "what changed")
    return None


def _of_history(known: Known) -> list[Suggestion]:
    told = next((one for one in known.resolutions if one.why or one.version), None)
    if told is None:
        return []
    how = f": {told.why}" if told.why else f" by {told.version}" if told.version else ""
    when = f" ({told.when})" if told.when else ""
    by = f" by {told.who}" if told.who else ""
    return [
        Suggestion(
            "history",
            told.version,
            f"it was resolved before{by}{when}{how}",
            0.65 if told.why else 0.4,
            "how it was resolved before",
        )
    ]
