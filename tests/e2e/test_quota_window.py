"""One caller and one limit: windows, what a refusal says, what counts and what does not."""

import re
import time

import pytest

from weir_harness.settings import patience
from weir_harness.tenant import MODEL, REQUESTS
from weir_harness.wire import check_error

RESET = re.compile(r"(\d+h)?(\d+m(?!s))?(\d+(\.\d+)?m?s)?")


def test_S0_3_thirty_tokens_a_minute_are_one_call(tenant, mock):
    tenant.limit("thirty", 30, period="60s")
    first = tenant.chat()
    assert (first.status, first.json()["usage"]["total_tokens"]) == (200, 30)
    for _ in range(3):
        check_error(tenant.chat(), 429, "rate_limit_exceeded")
    assert mock.ledger()["requests"] == 1
    assert tenant.settled(1).total == 30


def test_S0_3_the_window_starts_at_the_first_hold_and_ends_by_itself(tenant):
    tenant.limit("thirty", 30, period="2s")
    time.sleep(0.7)  # Would end it early, were it the limit that starts the window.
    began = time.monotonic()
    assert tenant.chat().status == 200
    while (reply := tenant.chat()).status == 429:
        assert time.monotonic() - began < patience(2.3)
        assert 1 <= int(reply.headers["Retry-After"]) <= 2
        time.sleep(0.02)
    assert reply.status == 200
    assert 1.95 < time.monotonic() - began < patience(2.3)
    assert tenant.chat().status == 429


def test_S0_4_the_refusal_says_what_and_until_when(tenant):
    tenant.limit("thirty", 30, period="60s", contact="ask ann@example.com")
    tenant.chat()
    reply = tenant.chat()
    message = check_error(reply, 429, "rate_limit_exceeded", kind="tokens")
    assert message.startswith("Rate limit exceeded")
    assert "thirty" in message and "ask ann@example.com" in message
    headers = reply.headers
    assert headers["X-RateLimit-Limit"] == "30"
    assert headers["X-RateLimit-Remaining"] == "0"
    assert 1 <= int(headers["X-RateLimit-Reset"]) <= 60
    assert headers["x-ratelimit-limit-tokens"] == "30"
    assert headers["x-ratelimit-remaining-tokens"] == "0"
    assert RESET.fullmatch(headers["x-ratelimit-reset-tokens"])
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert headers["x-should-retry"] is None


def test_a_budget_used_up_for_long_is_not_worth_retrying(tenant):
    tenant.limit("daily", 30, period="86400s")
    tenant.chat(max_tokens=20)
    reply = tenant.chat(max_tokens=20)
    message = check_error(reply, 429, "insufficient_quota", kind="insufficient_quota")
    assert message.startswith("Rate limit exceeded") and "daily" in message
    assert reply.headers["x-should-retry"] == "false"
    assert reply.headers["X-RateLimit-Remaining"] == "0"
    assert int(reply.headers["Retry-After"]) > 0


def test_where_limits_stand_is_on_every_answer(tenant):
    tenant.limit("tokens", 1000, period="60s")
    tenant.limit("calls", 50, REQUESTS, period="60s")
    tenant.chat()
    tenant.settled(1)
    plain, stream = tenant.chat(), tenant.stream()
    stream.rest()
    for headers, calls in ((plain.headers, 48), (stream.headers, 47)):
        assert headers["x-ratelimit-limit-tokens"] == "1000"
        assert headers["x-ratelimit-limit-requests"] == "50"
        assert headers["x-ratelimit-remaining-requests"] == str(calls)
        assert 0 <= int(headers["x-ratelimit-remaining-tokens"]) <= 970
        for unit in ("tokens", "requests"):
            assert RESET.fullmatch(headers[f"x-ratelimit-reset-{unit}"])
        assert headers["X-RateLimit-Limit"] == "1000"
        assert headers["X-RateLimit-Remaining"] == headers["x-ratelimit-remaining-tokens"]
        assert 0 < int(headers["X-RateLimit-Reset"]) <= 60


def test_without_a_limit_no_limit_is_told(tenant):
    names = [name.lower() for name in tenant.chat().headers]
    assert not [name for name in names if name.startswith("x-ratelimit")]


def test_a_limit_of_nothing_refuses_everything(tenant, mock):
    tenant.limit("none", 0, REQUESTS)
    assert tenant.chat().status == 429
    assert mock.ledger()["requests"] == 0


def test_a_refused_call_takes_nothing_from_other_limits(tenant):
    tenant.limit("calls", 2, REQUESTS, period="60s")
    tenant.limit("tokens", 1000, level="LEVEL_ORGANIZATION", subject="", period="60s")
    for _ in range(2):
        assert tenant.chat().status == 200
    tenant.settled(2)
    for _ in range(20):
        assert tenant.chat().status == 429
    assert tenant.limit_state("tokens").remaining == 940
    assert tenant.limit_state("calls").remaining == 0


def test_a_call_that_never_left_is_not_counted(tenant):
    tenant.limit("calls", 5, REQUESTS)
    for bad in ({"model": "unknown"}, {"messages": 3}):
        assert tenant.chat(**bad).status in (400, 404)
    assert tenant.limit_state("calls").remaining == 5


def test_an_observed_limit_counts_and_never_denies(tenant):
    tenant.limit("watched", 30, period="60s", enforcement="ENFORCEMENT_OBSERVE")
    for _ in range(3):
        assert tenant.chat().status == 200
    tenant.settled(3)
    state = tenant.limit_state("watched")
    assert (state.remaining, state.enforced) == (0, False)


def test_a_raised_limit_holds_at_once_and_keeps_its_count(tenant):
    tenant.limit("calls", 1, REQUESTS)
    assert [tenant.chat().status for _ in range(2)] == [200, 429]
    tenant.limit("calls", 3, REQUESTS)
    assert [tenant.chat().status for _ in range(3)] == [200, 200, 429]


def test_a_default_limit_is_each_new_keys_own(tenant):
    tenant.limit("each", 2, REQUESTS, subject="*")
    for _ in range(3):
        key = tenant.key()
        assert [tenant.chat(key=key).status for _ in range(3)] == [200, 200, 429]


def test_a_limit_of_its_own_replaces_the_default(tenant):
    tenant.key("special")
    tenant.revoke("special")
    special = tenant.key("special")
    tenant.limit("each", 1, REQUESTS, subject="*")
    tenant.limit("more", 3, REQUESTS, subject="special")
    assert [tenant.chat(key=special).status for _ in range(4)] == [200, 200, 200, 429]
    assert [tenant.chat().status for _ in range(2)] == [200, 429]


def test_a_new_key_of_the_same_name_keeps_the_count(tenant):
    tenant.limit("calls", 2, REQUESTS, subject="worker")
    assert tenant.chat(key=tenant.key("worker")).status == 200
    tenant.revoke("worker")
    rotated = tenant.key("worker")
    assert [tenant.chat(key=rotated).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("spends", ["embeddings", "chat"])
def test_S1_3_embeddings_and_chat_share_a_limit(tenant, mock, spends):
    tenant.limit("shared", 500, period="60s")
    mock.behave(usage={"prompt_tokens": 250, "completion_tokens": 0})
    spend = tenant.embed if spends == "embeddings" else tenant.chat
    assert [spend("a " * 100).status for _ in range(2)] == [200, 200]
    assert tenant.settled(2).total == 500
    check_error(tenant.chat(), 429, "rate_limit_exceeded")
    check_error(tenant.embed(), 429, "rate_limit_exceeded")
    assert mock.ledger()["requests"] == 2


def test_S1_3_embeddings_without_usage_are_not_free(tenant, mock):
    mock.behave(omit_usage=True)
    assert "usage" not in tenant.embed("one two three four").json()
    spent = tenant.settled(1)
    assert spent.estimated == 1 and spent.input >= 4 and spent.output == 0


def test_a_token_bucket_refills_steadily(tenant):
    tenant.put("Limit", "rate", level="LEVEL_KEY", subject="app", unit=REQUESTS, count=10,
               token_bucket={"period": "2s", "burst": 4})  # One comes back each 200 ms.
    statuses = [tenant.chat().status for _ in range(8)]
    assert statuses[:4] == [200] * 4 and 429 in statuses
    time.sleep(1)
    assert sum(tenant.chat().status == 200 for _ in range(10)) >= 4


def test_what_is_held_strictly_is_written_upstream_as_the_cap(tenant, mock):
    """A strict limit writes the cap that its hold covers into the request; the client's own is kept."""
    tenant.limit("strict", 200, enforcement="ENFORCEMENT_STRICT")
    tenant.chat("hi")
    tenant.chat("hi", max_tokens=5)
    tenant.chat("hi", max_completion_tokens=7)
    bodies = [each["body"] for each in mock.requests()]
    assert re.search(r'"max_tokens": ?\d+', bodies[0])
    assert re.search(r'"max_tokens": ?5\b', bodies[1])
    assert re.search(r'"max_completion_tokens": ?7\b', bodies[2])
    assert "max_tokens" not in bodies[2]


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_the_cap_goes_into_the_providers_field(new_tenant, mock, field):
    tenant = new_tenant(provider={"output_cap_field": f"OUTPUT_CAP_FIELD_{field.upper()}"})
    tenant.limit("strict", 100, level="LEVEL_MODEL", subject=MODEL,
                 enforcement="ENFORCEMENT_STRICT")
    assert tenant.chat().status == 200
    assert f'"{field}"' in mock.last()["body"]
