"""The process behind `Receiver`.

It reads octet-counted frames (RFC 6587) strictly, and stores each message, a line each, before it reads on: what its
file lacks was never read.
"""

from __future__ import annotations

import argparse
import os
import socket
import ssl
import struct
import sys
import threading

_READ = 16 << 10


def _serve(options: argparse.Namespace) -> None:
    listener = socket.create_server(("127.0.0.1", options.port), backlog=16)
    if options.receive_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer)
    context = _context(options)
    output = os.open(options.output, os.O_WRONLY | os.O_APPEND)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    for number in range(1 << 31):
        connection, _ = listener.accept()
        most = options.hang_up_bytes if number < options.hang_up_connections else 1 << 62
        threading.Thread(target=_connection, args=(connection, context, output, most), daemon=True).start()


def _context(options: argparse.Namespace) -> ssl.SSLContext | None:
    if not options.cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    if options.client_ca:
        context.load_verify_locations(options.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _connection(connection: socket.socket, context: ssl.SSLContext | None, output: int, most: int) -> None:
    try:
        stream = context.wrap_socket(connection, server_side=True) if context is not None else connection
        _read_frames(stream, output, most)
    except OSError:
        connection.close()


def _read_frames(stream: socket.socket, output: int, most: int) -> None:
    waiting, size = b"", 0
    while chunk := stream.recv(_READ):
        size += len(chunk)
        if size > most:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            break
        messages, waiting = _frames(waiting + chunk)
        os.write(output, b"".join(message + b"\n" for message in messages))
    stream.close()


def _frames(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages, and the rest."""
    messages, start = [], 0
    while (blank := data.find(b" ", start, start + 8)) > 0:
        end = blank + 1 + int(data[start:blank])
        if end > len(data):
            break
        messages.append(data[blank + 1 : end])
        start = end
    return messages, data[start:]


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("output")
    for name in ("receive_buffer", "hang_up_connections", "hang_up_bytes"):
        parser.add_argument(name, type=int)
    for name in ("--cert", "--key", "--client-ca"):
        parser.add_argument(name)
    _serve(parser.parse_args())


if __name__ == "__main__":
    _main()
