"""Callers that never stop, and what they got."""

import collections
import http.client
import itertools
import threading
import time

# When it began (monotonic), how it ended (a status, or "lost"), what was said, how long it took.
Outcome = collections.namedtuple("Outcome", "at status said seconds")


class Load:
    """`with Load(port, key) as load:` some callers on kept connections; `load.outcomes` is whole after it.

    Few enough that the machine has time for the containers that come and go. A list of keys: each call has the next one, and the
    last call the last.
    """

    BODY = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}'

    def __init__(self, port, key, callers=4, pause_seconds=0.05):
        self.port, self.pause = port, pause_seconds
        self._keys = itertools.repeat(key) if isinstance(key, str) else iter(key)
        self.outcomes = []
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
        for key in self._keys:
            if self._stop.is_set():
                break
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            began = time.monotonic()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("POST", "/v1/chat/completions", body=self.BODY, headers=headers)
                answer = connection.getresponse()
                status, said = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as failure:
                status, said = "lost", repr(failure)
                connection = None
            said = "" if status == 200 else said[:200]
            self.outcomes.append(Outcome(began, status, said, time.monotonic() - began))
            time.sleep(self.pause)

    def between(self, since=0.0, until=float("inf")):
        """What became of the calls that began in that time."""
        return [each for each in self.outcomes if since <= each.at < until]

    @property
    def answers(self):
        return sum(each.status == 200 for each in self.outcomes)

    @property
    def failures(self):
        """What was no answer, and how often."""
        return collections.Counter(f"{each.status} {each.said!r}" for each in self.outcomes if each.status != 200)
