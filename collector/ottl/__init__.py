"""OTTL, the OpenTelemetry Transformation Language, compiled to column expressions.

    text ──grammar.lark──► syntax ──compile──► `Condition`: one polars expression over the columns it names

    grammar.lark, parser.py   text → syntax tree, with positions
    syntax.py                 the nodes
    paths.py                  `attributes["x"]`, `severity_number`, … → columns of a `LogBatch`
    values.py                 a dynamically typed value as one expression for each kind it may have
    compare.py                OTTL's comparison of any two values
    regex.py                  RE2 expressions for the engine behind polars
    functions.py              converters: `IsMatch`, `Concat`, …
    nested.py                 maps and lists, per distinct value
    compiler.py               the tree → a `Condition`
    plain/                    the same language over plain values: every converter, what all else means
    statements/               editors over batches, a column at a time: `set(attributes["x"], …) where …`

Mistakes in names, counts, regexes and enums are refused when the text is compiled, with the position and the nearest
valid name. Semantics: OpenTelemetry Collector contrib, `pkg/ottl`.
"""

from collector.ottl.compiler import Condition, compile_condition, compile_statement
from collector.ottl.problems import OttlError

__all__ = ["Condition", "OttlError", "compile_condition", "compile_statement"]
