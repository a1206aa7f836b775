"""Gateways that share nothing but a Redis, and what they do without it."""

import pathlib
import shutil
import signal
import tempfile

import pytest

from weir_harness.suite import Redis
from weir_harness.tenant import MODEL, REQUESTS, Tenant
from weir_harness.upstream import chat_body
from weir_harness.waiting import at_once, eventually
from weir_harness.wire import CHAT

KEY = "a-key-of-a-team"

# A suite does so anyway; tests/chaos takes its Redis away.
pytestmark = pytest.mark.standalone


@pytest.fixture
def redis():
    # Not pytest's folder: a socket's path has some hundred characters at most.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-redis-"))
    server = Redis(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


def at(redis, **more):
    return {"address": f"unix:{redis.socket}", **more}


def documents(url):
    return [
        {"kind": "Team", "name": "red"},
        {"kind": "Key", "name": "app", "spec": {"team": "red", "value": KEY}},
        {"kind": "Limit", "name": "twenty", "spec": {
            "level": "LEVEL_TEAM", "subject": "red", "unit": REQUESTS, "count": 20,
            "fixedWindow": {"period": "86400s", "anchor": "ANCHOR_FIRST_HOLD"}}},
        {"kind": "Provider", "name": "vendor", "spec": {"baseUrl": url}},
        {"kind": "Model", "name": MODEL, "spec": {"targets": [{"provider": "vendor"}]}},
    ]


def test_two_gateways_at_20_requests_let_20_through(own_gateway, mock, redis):
    gateways = [own_gateway(redis=at(redis, command_timeout="5s"),
                            documents=documents(mock.url)) for _ in range(2)]

    def call(number):
        http = gateways[number % 2].http
        return http.post(CHAT, chat_body("hi"), {"Authorization": f"Bearer {KEY}"}).status

    statuses = at_once(64, call)
    assert (statuses.count(200), statuses.count(429)) == (20, 44)
    assert mock.ledger()["requests"] == 20


def test_a_budget_is_back_from_the_ledger_when_redis_was_killed(own_gateway, mock, redis):
    gateway = own_gateway(redis=at(redis))
    tenant = Tenant(gateway, mock)
    tenant.limit("day", 3, REQUESTS)
    assert [tenant.chat().status for _ in range(2)] == [200, 200]
    tenant.settled(2)
    redis.kill()
    reply = tenant.chat()
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert "day" in reply.error["message"] and str(redis.socket) not in reply.error["message"]
    redis.start()
    eventually(lambda: tenant.chat().status == 200, within=5, what="a Redis that is back")
    assert tenant.chat().status == 429
    tenant.settled(3)


def test_what_is_spent_while_redis_hangs_counts_once(own_gateway, mock, redis):
    gateway = own_gateway(redis=at(redis))
    tenant = Tenant(gateway, mock)
    tenant.limit("day", 1000, enforcement="ENFORCEMENT_STRICT")
    mock.behave(mode="words", words=20, frame_delay_ms=20)
    answer = tenant.stream("hi", max_tokens=500)
    assert answer.status == 200
    redis.process.send_signal(signal.SIGSTOP)
    try:
        assert answer.rest()[-1] == "[DONE]"
        tenant.settled(1)
    finally:
        redis.process.send_signal(signal.SIGCONT)
    spent = tenant.usage()[0].total
    eventually(lambda: tenant.limit_state("day").remaining == 1000 - spent, within=5,
               what="the truth in the counters")
