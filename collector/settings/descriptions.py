"""What options mean: the text under each field of a pydantic model.

pydantic reads these texts itself (`use_attribute_docstrings`), from the source, whenever a class is made: a quarter of the time
that settings take to load, in each process, for what only documents ask.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from functools import cache
from textwrap import dedent

from pydantic import BaseModel


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Field → what is written under it, or in its `Field(description=…)`; as the class that is nearest says it."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= dict(_under_fields(base))
    own = {name: field.description or found.get(name, "") for name, field in model.model_fields.items()}
    return {name: text for name, text in own.items() if text}


def describe(models: Iterable[type[BaseModel]]) -> None:
    """Let the models say it themselves, and those within them, as for a JSON schema. For processes that do nothing else."""
    from collector.settings.options import models_in

    done: set[type[BaseModel]] = set()

    def visit(model: type[BaseModel]) -> None:
        if model in done:
            return
        done.add(model)
        for field in model.model_fields.values():
            for inner in models_in(field.annotation):
                visit(inner)
        for name, text in descriptions(model).items():
            model.model_fields[name].description = text
        model.model_rebuild(force=True)

    for model in models:
        visit(model)


def _under_fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    tree = ast.parse(dedent(inspect.getsource(model))).body[0]
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                yield field.target.id, inspect.cleandoc(text)
