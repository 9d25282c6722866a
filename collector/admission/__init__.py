"""Requests that have arrived, to the journal: who sends, for which domain, is it valid, is there room.

admission.py   the one way into the journal
entrance.py    a listener's part of it: what is under way, and how it ends
remarks.py     what an operator hears of senders that do it wrong
"""
