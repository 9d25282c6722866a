"""The examples of a rule, run against its condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from collector.ottl import compile_condition
from collector.samples import batch_of

if TYPE_CHECKING:
    from processors.triage.config import Rule


def broken_example(rule: Rule) -> str | None:
    """The first example that does not do what it should, as a sentence; None when all hold."""
    examples = [(True, example) for example in rule.tests.match] + [(False, example) for example in rule.tests.miss]
    if not examples:
        return None
    batch = batch_of([_record(example) for _, example in examples])
    results = compile_condition(rule.when).matches(batch).to_list()
    for (wanted, example), result in zip(examples, results, strict=True):
        if wanted != result:
            verb = "must match, but does not" if wanted else "must not match, but does"
            return f"rule {rule.id}: this example {verb}: {example!r}"
    return None


def _record(example: str | dict[str, Any]) -> dict[str, Any]:
    return {"body": example, "severity": "ERROR"} if isinstance(example, str) else example
