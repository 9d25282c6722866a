"""The expressions of `if`, `expr` and `EXPR()`: expr-lang, not OTTL.

parsing.py     text → tree
meaning.py     a tree over one entry
masks.py       a condition over columns, where all it asks can be asked of columns
expression.py  both together
"""
