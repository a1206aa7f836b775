"""Callers that never stop, and what they got."""

import collections
import http.client
import threading
import time


class Load:
    """`with Load(port, key) as load:` some callers on kept connections; `load.failures` then says what was no answer.

    Few enough that the machine has time for the containers that come and go.
    """

    BODY = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}'

    def __init__(self, port, key, callers=4, pause_seconds=0.05):
        self.port, self.pause = port, pause_seconds
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.answers = 0
        self.failures = collections.Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(callers)]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for each in self._threads:
            each.join()

    def _call(self):
        connection = None
        while not self._stop.is_set():
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("POST", "/v1/chat/completions", body=self.BODY, headers=self.headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    self.answers += 1
                else:
                    self.failures[f"{answer.status} {text[:200]!r}"] += 1
            except (OSError, http.client.HTTPException) as failure:
                self.failures[repr(failure)] += 1
                connection = None
            time.sleep(self.pause)
