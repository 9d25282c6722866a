"""Responses of `alerting`: what is to be done about a group that goes on, if every guard lets it.

config.py      options
book.py        what is kept of a domain: responses, the history of each target, deployments, who told
guards.py      why something is not done now; pure
step.py        one step of the machine: what changes is written and told together
machine.py     proposing, starting, judging;  orders.py  what people and exporters say
asking.py      what waits for a person, in the words of messages
responding.py  the connector's side: groups in, events and messages out
"""
