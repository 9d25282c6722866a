"""What people do and the service knows, as records: handed to ingest slot 0 over a socket, and answered when they are on disk.

    client ── control.sock ──► server (slot 0) ──► journal/control ──► pipeline `logs/service`, and those that take commands

record.py       one record, as it goes over the socket and into the journal
wire.py         the socket: where it is, who may speak, lines
teller.py       of a process that runs: keeps what it has to tell while nobody listens
asking.py       of whoever asks and waits: the command line, a request of `hooks`
server.py       takes records, once each; remembered.py: which ones it has; waiting.py: who waits for what became of a command
command.py      commands; deployment.py, deployments.py: the one that is logboom's own
catalogue.py    every event of the service; event.py: what one is; reporter.py, repeats.py: how it is told; page.py: EVENTS.md
"""
