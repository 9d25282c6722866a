"""Many conditions of OTTL at once: what they share is looked up once, and asked of distinct values only.

expressions.py   conditions → an expression tree over terms
terms.py         a term: one question to one value
groups.py        the regexes that ask the same text, as one RE2 set
answers.py       answers of terms per distinct value, kept
ternary.py       true, false and unknown over columns
"""
