"""The tables of README.md that say which key means what, made of the shapes' declarations.

python -m collector.receivers.json.documentation    brings README.md up to date
"""

from __future__ import annotations

from pathlib import Path

from collector.receivers.json.shape import Shape
from collector.receivers.json.shapes import SHAPES

_README = Path(__file__).parent / "README.md"
_BEGIN, _END = "<!-- shapes -->\n", "<!-- /shapes -->\n"


def tables() -> str:
    """All shapes."""
    return "\n".join(_section(shape) for shape in SHAPES.values())


def with_tables(readme: str) -> str:
    """The text with its tables as they should be."""
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{tables()}\n{_END}{after}"


def _section(shape: Shape) -> str:
    paths = ", ".join(f"`{path}`" for path in shape.paths)
    size = f", up to {shape.max_bytes >> 20} MiB" if shape.max_bytes else ""
    lines = [f"### {shape.name}", "", f"{shape.summary}. `POST` {paths} → {shape.status}{size}.", ""]
    rows = [(str(slot), keys) for slot, keys in shape.slots.items()]
    rows += [(f"resource `{name}`", keys) for name, keys in shape.resource.items()]
    rows += [(f"attribute `{name}`", keys) for name, keys in shape.attributes.items()]
    if rows:
        lines += ["| OTLP | first of |", "| --- | --- |"]
        lines += [f"| {name} | {' '.join(f'`{key}`' for key in keys)} |" for name, keys in rows]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    _README.write_text(with_tables(_README.read_text()))
