"""Operators of the Collector's log receivers (stanza) over columns.

graph.py       operators in their order: which leads to which
refiner.py     they stand in front of a pipeline's processors, and see the records of one receiver
frame.py       entries as columns, by fields (fields.py, columns.py)
operators/     one module an operator, or a few that are alike
expressions/   what `if`, `expr` and `EXPR()` ask
keeping.py     what is open at the end of a step
"""
