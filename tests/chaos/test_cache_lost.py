"""The cache dies or stands still: everything is a miss then, and no caller waits for what was only to be faster."""

import signal
import time

import pytest
from test_guardrails_lost import bring_back, lose
from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.waiting import at_once, eventually

# How long calls take without a cache, on a busy machine.
SOON = 0.25
# Until an edge notes that a cache stands still, of those that ask to lead meanwhile.
NOTED = 1.0


def status(reply):
    return reply.headers["X-Cache-Status"]


@pytest.fixture
def cached(new_suite, mock):
    """A suite and an organisation whose answers are kept."""
    suite = new_suite()
    tenant = Tenant(suite, mock)
    tenant.cache("answers")
    return suite, tenant


def kept(tenant, text):
    """Once it is."""
    eventually(lambda: status(tenant.chat(text)) == "HIT", within=5, what="a hit")


def timed(tenant, text):
    began = time.monotonic()
    reply = tenant.chat(text)
    assert reply.status == 200, reply
    return status(reply), time.monotonic() - began


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_everything_is_a_miss_and_nobody_waits(cached, how):
    suite, tenant = cached
    kept(tenant, "one two three")
    lose(suite.parts["cache"], how)
    at_first = timed(tenant, "one two three")
    assert at_first[0] == "MISS" and at_first[1] < patience(NOTED), at_first
    time.sleep(patience(NOTED))
    until = time.monotonic() + patience(3)
    seen = []
    while time.monotonic() < until:
        seen.append(timed(tenant, "one two three"))
        seen.append(timed(tenant, f"question {len(seen)}"))
    assert {each for each, _ in seen} == {"MISS"}
    took = sorted(seconds for _, seconds in seen)
    print(f"{how}: first {at_first[1]:.3f} s, then of {len(took)}: median {took[len(took) // 2]:.4f}, "
          f"slowest {took[-1]:.3f} s")
    # Each of two loops notes it by itself.
    assert took[-2] < patience(SOON) and took[-1] < patience(NOTED), took[-10:]
    bring_back(suite.parts["cache"], how)
    kept(tenant, "one two three")
    kept(tenant, "a new question")


@pytest.mark.parametrize("how", ["killed", "paused", "stopped"])
def test_those_who_wait_for_anothers_answer_ask_for_themselves(cached, mock, how):
    suite, tenant = cached
    mock.behave(mode="words", words=3, latency_ms=6000, times=1)
    cache = suite.parts["cache"]

    def ask(index):
        if index == 0:
            return tenant.chat("what all want to know")
        time.sleep(patience(0.5))  # The first one leads.
        if index == 1:
            time.sleep(patience(0.5))
            if how == "stopped":
                assert cache.stop() == 0
            else:
                lose(cache, how)
            return None
        return timed(tenant, "what all want to know")
    replies = at_once(12, ask)
    assert replies[0].status == 200
    for outcome, seconds in replies[2:]:
        assert outcome == "MISS"
        assert seconds < patience(0.5 + NOTED + SOON), seconds
    assert mock.ledger()["requests"] == 11
    if how == "paused":
        bring_back(cache, how)
    else:
        cache.start()
    kept(tenant, "a new question")


def test_a_lead_that_comes_late_is_nobodys(cached, mock):
    suite, tenant = cached
    kept(tenant, "one two three")
    lose(suite.parts["cache"], "paused")
    assert timed(tenant, "what all want to know")[0] == "MISS"
    bring_back(suite.parts["cache"], "paused")
    kept(tenant, "one two three")
    # Were it still led, this one would wait for ten seconds.
    _, took = timed(tenant, "what all want to know")
    assert took < patience(2), took
