"""Listeners for receivers: gRPC and HTTP, bounded in connections, bytes and time, whatever is served on them.

grpc_server.py   one `grpc:` block, bound and served; grpc_calls.py, grpc_connections.py: the calls under it
http_server.py   one `http:` block, bound and served: uvicorn with the protocol of http_protocol.py
http_exchange.py   requests that are served without a coroutine
http_body.py, content_encoding.py, cors.py, http_host.py, turns.py   what an application over HTTP needs
"""
