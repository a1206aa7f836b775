"""Redis forgets everything while calls are under way: nobody else is let in on their account."""

import json
import socket
import threading

import pytest
from test_leases import ask, spend
from weir_harness.settings import patience
from weir_harness.tenant import REQUESTS, Tenant
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually
from weir_harness.wire import CHAT


def flush(suite):
    """FLUSHALL, by somebody who should not."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(suite.redis.socket))
        client.sendall(b"FLUSHALL\r\n")
        assert client.recv(64).startswith(b"+OK")


class UnderWay:
    """Streams that last until they are joined, over the edges in turn."""

    def __init__(self, suite, tenant, count):
        self._tenant = tenant
        self.ended = []
        self._threads = [threading.Thread(target=self._stream, args=(suite.edges[i % len(suite.edges)],))
                         for i in range(count)]
        for each in self._threads:
            each.start()

    def _stream(self, edge):
        connection = edge.connect(timeout=60)
        try:
            connection.request("POST", CHAT, json.dumps(chat_body("hi", stream=True)),
                               {"Content-Type": "application/json",
                                "Authorization": f"Bearer {self._tenant.secret}"})
            reply = connection.getresponse()
            self.ended.append((reply.status, b"[DONE]" in reply.read()))
        finally:
            connection.close()

    def join(self):
        for each in self._threads:
            each.join(patience(60))
        return self.ended


@pytest.fixture(name="suite")
def _suite(new_suite):
    return new_suite(replicas={"edge": 2, "quota": 2})


def begin(suite, tenant, mock, count, before):
    """So many streams, once `before` calls were answered."""
    for number in range(before):
        assert ask(suite.edges[number % 2], tenant)[0] == 200
    mock.behave(mode="words", words=40, frame_delay_ms=200)
    streams = UnderWay(suite, tenant, count)
    eventually(lambda: mock.ledger()["requests"] == before + count, within=10, what="the streams")
    return streams


def test_what_is_under_way_keeps_its_place(suite, mock):
    tenant = Tenant(suite, mock)
    tenant.limit("budget", 12, REQUESTS, period="86400s")
    streams = begin(suite, tenant, mock, count=10, before=2)
    flush(suite)
    answers = [ask(suite.edges[number % 2], tenant) for number in range(12)]
    assert {status for status, _ in answers} == {429}, answers
    assert streams.join() == [(200, True)] * 10
    assert ask(suite.edges[0], tenant)[0] == 429
    assert tenant.settled(12, within=20).requests == 12
    assert suite.log("quota.rebuilt")


def test_what_a_lost_lease_paid_for_keeps_its_place(suite, mock):
    tenant = Tenant(suite, mock)
    tenant.limit("budget", 200, REQUESTS, period="86400s")
    streams = begin(suite, tenant, mock, count=10, before=30)
    flush(suite)
    mock.behave(mode="words", words=1)
    answered = spend(suite.edges[0], tenant, 100)
    # What the other one has leased, and does not use, comes back.
    answered += spend(suite.edges[1], tenant, 160 - answered)
    assert streams.join() == [(200, True)] * 10
    assert mock.ledger()["requests"] == 40 + answered == 200
    assert tenant.settled(200, within=20).requests == 200
