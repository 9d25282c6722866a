"""Requests of listeners, to admission: what the receivers that listen have in common.

http_receiver.py    the life of a receiver that is one HTTP listener; protocols_receiver.py: of one that speaks gRPC, too
stream_receiver.py  the same of a protocol of its own over TCP or a unix socket
grpc_service.py     a call from its head to its answer
http_app.py         an HTTP request from its head to its answer, around what a receiver makes of it
direct.py           the same without a coroutine, for requests that need none
http_request.py     what is known of it besides its body
http_response.py    what is answered
documents.py        a body as the JSON documents in it
loki_push.py        a body as the streams of Loki's push
moments.py          times as senders write them
required_header.py  a header that must be there
shown_headers.py    headers of a request that may be kept with its records
problem.py          a refusal as a document
listening.py        what is said of a listener that can't be
reading.py          what a receiver reads of itself, into the journal once
kubernetes          objects of the Kubernetes API, read so
authentication.py   who sends, over gRPC and HTTP
stream_receiver.py  a listener of a protocol of its own, and what comes over its connections
text_streams.py     text over connections; text_datagrams.py, in datagrams; text_input.py, the options of both
text_pieces.py      what was cut of it, as it goes to the journal; datagram_pieces.py, of datagrams; offering.py, without an answer
octets.py           records that say how long they are, or end otherwise than with a line
cutting.py          where records end in text, and cutting_options.py, what says so
files/              files that are followed
refusals.py         the one table from a refusal to gRPC and HTTP codes
"""
