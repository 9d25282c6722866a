"""Journal entries to outbox: one pipeline in one partition, a step at a time.

pipeline.py     the step, from reading to commit; fits on one screen
decode.py       entries → one `LogBatch`
record_ids.py   the id of each record
processing.py   the processors in order, and what they would commit
work.py         what one of them may do in a step: keep, count, make records
made.py         records that components make: their ids, and the mark that tells them from those that were sent
sight.py        who sees those
ticks.py        what is due without records
account.py      what makes the account add up
commanding.py   commands: to the component that takes them, once
state.py        processors' state on top of what is committed
suspects.py     which entries were in hand when a process died
"""
