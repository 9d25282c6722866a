"""Requests to AWS: keys of this place, and signatures made with them.

credentials.py   where keys are kept
signing.py       Signature Version 4 of a request
signer.py        both together, for an HTTP client
"""
