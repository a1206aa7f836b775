"""HTTP as a plain client speaks it, with answers kept whole."""

import http.client
import json
import re
import time

from .settings import patience

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
EMBEDDINGS = "/v1/embeddings"
REQUEST_ID = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")  # UUIDv7 without hyphens.


class Reply:
    """One answer, read to its end."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json()["error"]

    @property
    def request_id(self):
        return self.headers["x-request-id"]

    @property
    def text(self):
        return self.json()["choices"][0]["message"]["content"]

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:500]!r}>"


def check_error(reply, status, code, param=None, kind=None):
    """That an answer is an error object of OpenAI's shape, and which one; returns its message."""
    assert reply.status == status, reply
    assert reply.headers["Content-Type"].startswith("application/json"), reply
    assert REQUEST_ID.fullmatch(reply.request_id or ""), reply
    error = reply.error
    assert set(error) == {"message", "type", "param", "code"}, error
    assert error["message"] and isinstance(error["type"], str), error
    assert (error["code"], error["param"]) == (code, param), error
    assert kind is None or error["type"] == kind, error
    return error["message"]


class Stream:
    """An answer that is read event by event."""

    def __init__(self, connection, response):
        self._connection, self._response = connection, response
        self.status, self.headers = response.status, response.headers
        self.arrivals = []  # Of each event, monotonic seconds.
        self.names = []  # Of each event; None where it has no such line.

    def event(self):
        """The data of the next event; None at the end."""
        lines, name = [], None
        while True:
            line = self._response.readline()
            if not line.endswith(b"\n"):
                return None
            if line == b"\n":
                self.arrivals.append(time.monotonic())
                self.names.append(name)
                return b"\n".join(lines).decode()
            if line.startswith(b"event: "):
                name = line[len(b"event: "):-1].decode()
            if line.startswith(b"data: "):
                lines.append(line[len(b"data: "):-1])

    def __iter__(self):
        return iter(self.event, None)

    def read(self, count):
        """The next `count` events."""
        return [self.event() for _ in range(count)]

    def rest(self):
        """All further events; [DONE] is one of them."""
        events = list(self)
        self.close()
        return events

    def chunks(self):
        """The JSON of all further events but [DONE], which must be the last."""
        events = self.rest()
        assert events and events[-1] == "[DONE]", events
        return [json.loads(each) for each in events[:-1]]

    def typed(self):
        """The JSON of all events of a Response, which name their type and count themselves."""
        events = [json.loads(each) for each in self.rest()]
        assert self.names == [each["type"] for each in events], self.names
        assert [each["sequence_number"] for each in events] == list(range(len(events))), events
        return events

    def close(self):
        self._response.close()
        self._connection.close()


def text_of(chunks):
    """What the assistant said in the chunks of a stream."""
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def output_text_of(events):
    """What the assistant said in the events of a Response's stream."""
    return "".join(each["delta"] for each in events
                   if each["type"] == "response.output_text.delta")


class Http:
    """A server; every call is a connection of its own."""

    def __init__(self, host, port, tls=None):
        self.host, self.port, self._tls = host, port, tls

    def connect(self, timeout=30):
        if self._tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=patience(timeout),
                                               context=self._tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=patience(timeout))

    def request(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post(self, path, document, headers=None):
        return self.request("POST", path, json.dumps(document),
                            {"Content-Type": "application/json", **(headers or {})})

    def stream(self, path, document, headers=None):
        connection = self.connect()
        connection.request("POST", path, json.dumps(document),
                           {"Content-Type": "application/json", **(headers or {})})
        return Stream(connection, connection.getresponse())
