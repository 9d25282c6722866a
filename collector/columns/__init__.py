"""One kit for tables of a batch: what columns of a `LogBatch` are made with and looked at with.

tables.py         values of one attribute, aligned with the rows that own them
dictionary.py     dictionary codes of a column, and tables over codes
handed.py         codes that one processor worked out, for the next reader of the same table
distinct.py       rows that differ
text_buffers.py   the bytes of a text column
memo.py           answers per distinct value, kept within bounds
"""
