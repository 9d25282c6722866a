"""Who comes to the console, where it asks: people by sessions, programs by credentials.

facts.py     a request, as authenticators are asked about it
programs.py  several authenticators as one
cookies.py   what a browser keeps of a session
links.py     links that let in once        returned.py, trip.py   there and back to a provider
logins.py    log in, who is that, log out
"""
