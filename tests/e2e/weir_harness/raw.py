"""Bytes on a socket: for what no well-behaved client sends."""

import http.client
import json
import socket

from .settings import patience
from .wire import CHAT, Reply


def connect(http, timeout=10):
    return socket.create_connection((http.host, http.port), timeout=patience(timeout))


def post(key, document, path=CHAT, extra=(), body=None):
    """The bytes of a POST. `extra` are header lines; a length is added unless they frame the body."""
    body = json.dumps(document).encode() if body is None else body
    lines = [f"POST {path} HTTP/1.1", "Host: weir", f"Authorization: Bearer {key}",
             "Content-Type: application/json", *extra]
    names = [line.partition(":")[0].strip().lower() for line in extra]
    if "content-length" not in names and "transfer-encoding" not in names:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(body, size=64):
    """`body` in the chunked coding."""
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def read_reply(sock):
    """The next answer on a socket, read to its end."""
    response = http.client.HTTPResponse(sock)
    response.begin()
    return Reply(response)


def read_to_end(sock):
    """All bytes until the other side closes; a reset ends them too."""
    seen = b""
    while True:
        try:
            got = sock.recv(65536)
        except ConnectionResetError:
            return seen
        if not got:
            return seen
        seen += got


def split_replies(data):
    """The statuses of the answers in `data`, which must all have a Content-Length."""
    statuses = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
        statuses.append(int(lines[0].split(b" ")[1]))
        data = rest[int(fields[b"content-length"]):]
    return statuses
