"""Callers that ask all the time, as a balancer spreads them over the edges."""

import collections
import http.client
import itertools
import json
import threading
import time

from weir_harness.settings import patience
from weir_harness.upstream import chat_body
from weir_harness.wire import CHAT

LOST = (OSError, http.client.HTTPException, ValueError)

# When (monotonic), how it ended (a status, or "lost"), what it said, how long it took.
Outcome = collections.namedtuple("Outcome", "at status body seconds edge")


class Load:
    """Use as a context manager; `outcomes` is whole after it."""

    def __init__(self, suite, tenant, *, callers=6, pause=0.004, text="one two three", key=None,
                 stream=False):
        self._suite, self._tenant = suite, tenant
        self._pause, self._text, self._stream = pause, text, stream
        self._key = key
        self._turn = itertools.count()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.outcomes = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(callers)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join(patience(40))
        assert not any(thread.is_alive() for thread in self._threads), "a caller never came back"

    def _run(self):
        while not self._ended.is_set():
            outcome = self._ask()
            with self._lock:
                self.outcomes.append(outcome)
            time.sleep(self._pause)

    def _ask(self):
        began = time.monotonic()
        edges = self._suite.edges
        first = next(self._turn) % len(edges)
        for number in range(len(edges)):
            edge = (first + number) % len(edges)
            try:
                status, body = self._ask_one(edges[edge])
            except ConnectionRefusedError:
                continue  # Nobody is there, or it drains: a balancer asks another.
            except LOST as lost:
                status, body = "lost", repr(lost)
            return Outcome(began, status, body, time.monotonic() - began, edge)
        return Outcome(began, "nobody", "", time.monotonic() - began, first)

    def _ask_one(self, edge):
        connection = edge.connect(timeout=30)
        try:
            connection.request("POST", CHAT, json.dumps(chat_body(self._text, stream=self._stream)),
                               {"Content-Type": "application/json",
                                "Authorization": f"Bearer {self._key or self._tenant.secret}"})
            reply = connection.getresponse()
            body = reply.read().decode()
            if reply.status == 200:
                self.look(reply.headers, body)
            if self._stream and reply.status == 200 and "data: [DONE]" not in body:
                return "cut", body[-300:]
            return reply.status, body if reply.status != 200 else ""
        finally:
            connection.close()

    def look(self, headers, body):
        """What a test wants to know of an answer; of many at once."""

    def count(self, since=0.0, until=float("inf")):
        """How many ended in which way, of those that began in that time."""
        with self._lock:
            return collections.Counter(each.status for each in self.outcomes
                                       if since <= each.at < until)

    def failures(self):
        """What was no 200, for a message."""
        with self._lock:
            return [each for each in self.outcomes if each.status != 200][:10]
