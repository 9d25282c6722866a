"""Requests that have arrived, to the journal: who sends, for which domain, is it valid, is there room.

steps.py       the steps of a request, in their order
admission.py   the one way into the journal
entrance.py    a listener's part of it: who sends, what is under way, and how it ends
remarks.py     what an operator hears of senders that do it wrong
"""
