"""Requests of listeners, to admission: what the receivers that listen have in common.

http_app.py         an HTTP request from its head to its answer, around what a receiver makes of it
direct.py           the same without a coroutine, for requests that need none
http_request.py     what is known of it besides its body
http_response.py    what is answered
problem.py          a refusal as a document
listening.py        what is said of a listener that can't be
authentication.py   who sends, over gRPC and HTTP
cutting.py          where records end in text, and cutting_options.py, what says so
refusals.py         the one table from a refusal to gRPC and HTTP codes
"""
