"""Many callers at one limit: never over it, and all of it used."""

import json
import time

import pytest

from weir_harness import settings
from weir_harness.settings import patience
from weir_harness.tenant import REQUESTS
from weir_harness.waiting import at_once, eventually

CALLERS = 64


def test_64_callers_at_20_requests_get_20(tenant, mock):
    tenant.limit("twenty", 20, REQUESTS)
    statuses = at_once(CALLERS, lambda _: tenant.chat().status)
    assert (statuses.count(200), statuses.count(429)) == (20, 44)
    assert mock.ledger()["requests"] == 20
    assert tenant.settled(20).requests == 20


@pytest.mark.parametrize("enforcement", ["ENFORCEMENT_STRICT", "ENFORCEMENT_ADAPTIVE"])
def test_requests_are_exact_whatever_the_enforcement(tenant, enforcement):
    tenant.limit("ten", 10, REQUESTS, period="60s", enforcement=enforcement)
    statuses = at_once(40, lambda _: tenant.chat().status)
    assert statuses.count(200) == 10


class Caller:
    """Asks until it is answered or told to give up; obeys Retry-After."""

    def __init__(self, tenant, **body):
        self._tenant, self._body = tenant, body

    def __call__(self, _):
        """Completion tokens of its answer; None without one."""
        deadline = time.monotonic() + patience(40)
        while time.monotonic() < deadline:
            reply = self._tenant.chat("hi", **self._body)
            if reply.status == 200:
                return reply.json()["usage"]["completion_tokens"]
            assert reply.status == 429, reply
            if reply.headers["x-should-retry"] == "false":
                return None
            time.sleep(min(2, float(reply.headers["Retry-After"])))
        raise AssertionError("told to retry for 40 s")


@pytest.mark.parametrize("stream, body", [
    (False, {"max_tokens": 20}), (False, {"max_completion_tokens": 20}), (False, {}),
    (True, {"max_tokens": 20})], ids=["max_tokens", "max_completion_tokens", "no_cap", "stream"])
def test_a_strict_budget_worth_20_answers_gives_20(tenant, mock, stream, body):
    """"hi" is 10 tokens at most (2 bytes and 8 for the message), so is what the provider bills."""
    mock.behave(mode="words", words=20, latency_ms=30)
    tenant.limit("daily", 600, period="86400s")
    caller = StreamCaller(tenant, **body) if stream else Caller(tenant, **body)
    answers = [tokens for tokens in at_once(CALLERS, caller) if tokens is not None]
    ledger = mock.ledger()
    spent = ledger["prompt_tokens"] + ledger["completion_tokens"]
    assert spent <= 600
    assert (len(answers), spent) == (20, 600), (sorted(answers), ledger)
    assert tenant.settled(ledger["finished"]).total == spent
    state = tenant.limit_state("daily")
    assert (state.limit, state.remaining) == (600, 0)


class StreamCaller(Caller):
    """The same with streams."""

    def __call__(self, _):
        deadline = time.monotonic() + patience(40)
        while time.monotonic() < deadline:
            stream = self._tenant.stream("hi", stream_options={"include_usage": True},
                                         **self._body)
            if stream.status == 200:
                return json.loads(stream.rest()[-2])["usage"]["completion_tokens"]
            wait, retry = stream.headers["Retry-After"], stream.headers["x-should-retry"]
            stream.close()
            assert stream.status == 429
            if retry == "false":
                return None
            time.sleep(min(2, float(wait)))
        raise AssertionError("told to retry for 40 s")


def test_what_fits_beside_open_holds_is_not_refused(tenant, mock):
    tenant.limit("daily", 100, enforcement="ENFORCEMENT_STRICT")
    mock.behave(mode="words", words=20, frame_delay_ms=20)
    open_streams = [tenant.stream("hi", max_tokens=20) for _ in range(2)]  # 30 tokens each.
    assert [each.status for each in open_streams] == [200, 200]
    for each in open_streams:
        each.read(2)
    mock.behave(mode="words", words=20)
    assert tenant.chat("hi", max_tokens=20).status == 200
    refused = tenant.chat("hi", max_tokens=20)  # 10 are left.
    assert refused.status == 429
    # What is held may come back: worth asking again soon.
    assert refused.headers["x-should-retry"] is None
    assert int(refused.headers["Retry-After"]) <= 5
    for each in open_streams:
        assert each.rest()[-1] == "[DONE]"
    assert mock.ledger()["completion_tokens"] == 60


def test_a_hold_that_was_too_large_comes_back(tenant, mock):
    """Ten calls that declare 500 tokens each and take 20 fit a budget of 600, one after the other."""
    tenant.limit("daily", 600, enforcement="ENFORCEMENT_STRICT")
    mock.behave(mode="words", words=20)
    for number in range(1, 11):
        assert tenant.chat("hi", max_tokens=500).status == 200, number
        tenant.settled(number)  # The rest comes back with the settlement, after the answer.
    assert tenant.settled(10).total == 300


def test_a_strict_limit_is_never_exceeded_by_long_answers(tenant, mock):
    """The provider would say 500 words; what goes up is capped by what is left."""
    tenant.limit("daily", 300, enforcement="ENFORCEMENT_STRICT")
    mock.behave(mode="words", words=500)
    statuses = at_once(16, lambda _: tenant.chat("hi").status)
    assert statuses.count(200) >= 1
    ledger = mock.ledger()
    assert ledger["prompt_tokens"] + ledger["completion_tokens"] <= 300
    eventually(lambda: tenant.limit_state("daily").remaining <
               300 - ledger["completion_tokens"] + 1, what="the settlement")


def test_an_adaptive_limit_is_overdrawn_by_what_was_open_at_most(tenant, mock):
    count = 600 * settings.REPLICAS
    tenant.limit("minute", count, period="60s")
    mock.behave(mode="words", words=20, latency_ms=20)
    for _ in range(10 * settings.REPLICAS):  # The length of answers is learned, by each of quota.
        assert tenant.chat("hi").status == 200
    at_once(CALLERS, lambda _: tenant.chat("hi").status)
    ledger = mock.ledger()
    spent = ledger["prompt_tokens"] + ledger["completion_tokens"]
    assert spent <= count * 1.1, ledger
    # Each replica learns for itself, and holds more until it has.
    assert settings.REPLICAS > 1 or spent >= count, ledger
