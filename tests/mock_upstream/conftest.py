"""Starts the mock provider's binary and talks to it with the standard library alone.

The binary is $MOCK_UPSTREAM_BIN, else the newest build/*/bin/mock_upstream.
"""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHAT = "/v1/chat/completions"
START_LINE = re.compile(r"mock_upstream listening on ([\d.]+):(\d+) control ([\d.]+):(\d+)\n")


def find_binary():
    named = os.environ.get("MOCK_UPSTREAM_BIN")
    if named:
        return named
    built = sorted(ROOT.glob("build/*/bin/mock_upstream"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.exit("mock_upstream is not built: ninja mock_upstream_bin", returncode=2)
    return str(built[-1])


def chat_body(text="hi there", model="gpt-4o-mini", **more):
    """The JSON of a chat request with one user message."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


class Reply:
    """One HTTP answer, read to its end."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def events(self):
        """The data of each server-sent event, as text."""
        parts = self.body.decode().split("\n\n")
        assert parts[-1] == "", "the stream must end with a blank line"
        assert all(part.startswith("data: ") for part in parts[:-1])
        return [part[len("data: "):] for part in parts[:-1]]

    def chunks(self):
        """The JSON of each event but [DONE], which must be the last."""
        events = self.events()
        assert events[-1] == "[DONE]"
        return [json.loads(event) for event in events[:-1]]

    def text(self):
        """What the assistant said, in a stream."""
        deltas = [c["choices"][0]["delta"] for c in self.chunks() if c["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)


class Mock:
    """A running mock_upstream."""

    def __init__(self, *options, listen="127.0.0.1:0"):
        self.process = subprocess.Popen(
            [find_binary(), "--listen", listen, "--control", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = START_LINE.fullmatch(line)
        assert match, f"unexpected start line {line!r}"
        self.port, self.control_port = int(match[2]), int(match[4])

    def stop(self):
        self.process.terminate()
        status = self.process.wait(timeout=10)
        self.process.stdout.close()
        return status

    # Traffic.
    def connect(self):
        """A socket to the traffic listener."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def client(self):
        """A connection to the traffic listener, not made yet."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def request(self, method, path, body=None, headers=None):
        client = self.client()
        try:
            client.request(method, path, body, headers or {})
            return Reply(client.getresponse())
        finally:
            client.close()

    def post(self, path, document, headers=None):
        return self.request("POST", path, json.dumps(document), headers)

    def chat(self, text="hi there", headers=None, **more):
        return self.post(CHAT, chat_body(text, **more), headers)

    def open_stream(self, **more):
        """A socket that has asked for a stream and read nothing of it."""
        sock = self.connect()
        sock.sendall(raw_post(chat_body(stream=True, **more)))
        return sock

    # Control.
    def control(self, method, path, document=None, want=200):
        client = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=10)
        try:
            client.request(method, path, None if document is None else json.dumps(document))
            reply = Reply(client.getresponse())
        finally:
            client.close()
        assert reply.status == want, reply.body
        return reply.json()

    def behave(self, **behaviour):
        self.control("POST", "/behaviour", behaviour)

    def ledger(self):
        return self.control("GET", "/ledger")

    def last(self):
        return self.control("GET", "/requests?limit=1")["requests"][0]

    def open_count(self):
        return self.control("GET", "/open")["open"]

    def reset(self):
        self.control("DELETE", "/behaviour")
        self.control("DELETE", "/ledger")


def raw_post(document, path=CHAT, extra="", body=None):
    """The bytes of a POST request."""
    body = json.dumps(document).encode() if body is None else body
    head = f"POST {path} HTTP/1.1\r\nHost: mock\r\n{extra}"
    if "transfer-encoding" not in extra.lower():
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def read_reply(sock):
    """The next HTTP answer on a socket."""
    response = http.client.HTTPResponse(sock)
    response.begin()
    return Reply(response)


def read_until(sock, marker):
    """Bytes up to and with `marker`, or up to the end of the connection."""
    seen = b""
    while marker not in seen:
        got = sock.recv(65536)
        if not got:
            break
        seen += got
    return seen


def eventually(condition, within=1.0):
    """Seconds until `condition()` is true; fails after `within`."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < within, "did not become true in time"
        time.sleep(0.005)
    return time.monotonic() - start


@pytest.fixture(scope="session")
def shared_mock():
    mock = Mock()
    yield mock
    assert mock.stop() == 0


@pytest.fixture
def mock(shared_mock):
    """The healthy provider, books empty."""
    eventually(lambda: shared_mock.open_count() == 0, within=5)
    shared_mock.reset()
    return shared_mock


@pytest.fixture
def start_mock():
    """Starts further mocks with options of their own."""
    started = []

    def start(*options, **more):
        started.append(Mock(*options, **more))
        return started[-1]

    yield start
    assert [each.stop() for each in started] == [0] * len(started)
