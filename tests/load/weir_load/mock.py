"""The upstream: instant, on the load core; its books say whether every answer was its own."""

import http.client
import json
import re

from . import settings
from .process import Process

FIRST_LINE = re.compile(r"listening on [\d.]+:(\d+) control [\d.]+:(\d+)")


class Mock(Process):
    """tests/mock_upstream, whose streams have as many frames as settings say."""

    def __init__(self, binary, folder):
        address = f"{settings.LOOPBACK}:0"
        super().__init__("mock_upstream",
                         [binary, "--listen", address, "--control", address, "--no-request-log"],
                         core=settings.LOAD_CORE, folder=folder)
        self.wait_for(lambda: FIRST_LINE.search(self.output()))
        self.port, self._control = map(int, FIRST_LINE.search(self.output()).groups())
        self._call("POST", "/behaviour", {"frames": settings.STREAM_FRAMES})

    def start_books(self):
        self._call("DELETE", "/ledger")

    def books(self):
        return self._call("GET", "/ledger")

    def _call(self, method, path, body=None):
        connection = http.client.HTTPConnection(settings.LOOPBACK, self._control, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"mock_upstream answered {method} {path} with {answer.status}: "
                                   f"{text!r}")
            return json.loads(text)
        finally:
            connection.close()
