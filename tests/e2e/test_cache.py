"""What has been answered before: hits, what must never be one, how they are counted and replayed."""

import json
import time

import pytest

from weir_harness.tenant import MODEL, REQUESTS
from weir_harness.waiting import at_once, eventually
from weir_harness.wire import CHAT, text_of

EMAIL = "alice@example.com"


def asked(mock):
    """How often the provider was."""
    return mock.ledger()["requests"]


def status(reply):
    return reply.headers["X-Cache-Status"]


def hit(ask, within=3.0):
    """The first answer of `ask()` from the cache: what was answered is kept a moment later."""
    def answered():
        reply = ask()
        return reply if status(reply) == "HIT" else None
    return eventually(answered, within, "a hit")


@pytest.fixture
def cached(new_tenant):
    tenant = new_tenant()
    tenant.cache("answers", threshold=0.92)
    return tenant


def test_S2_11_an_equal_question_is_a_hit(cached, mock):
    first = cached.chat("What is the capital of France?")
    assert first.status == 200 and status(first) == "MISS"
    second = hit(lambda: cached.chat("What is the capital of France?"))
    assert second.headers["X-Cache-Kind"] == "exact" and int(second.headers["Age"]) >= 0
    assert second.text == first.text
    count = asked(mock)
    third = cached.chat("What is the capital of France?")
    assert status(third) == "HIT" and asked(mock) == count
    assert status(cached.chat("How do I bake bread?")) == "MISS"


def test_S2_11_equal_input_of_responses_is_a_hit(cached, mock):
    first = cached.respond("Hello !!")
    assert first.status == 200 and status(first) == "MISS"
    second = hit(lambda: cached.respond("Hello !!"))
    assert (second.json()["output"][0]["content"][0]["text"] ==
            first.json()["output"][0]["content"][0]["text"])
    count = asked(mock)
    assert status(cached.respond("Something else entirely")) == "MISS"
    assert asked(mock) == count + 1


def test_S2_11_a_like_question_is_a_hit(cached):
    cached.chat("What is the capital of France?")
    hit(lambda: cached.chat("What is the capital of France?"))
    like = cached.chat("tell me the capital of France")
    assert (status(like), like.headers["X-Cache-Kind"]) == ("HIT", "semantic"), like


@pytest.mark.parametrize("other", [
    "What is the capital of Spain?", "What is not the capital of France?",
    "What was the capital of France in 1940?"])
def test_a_like_question_with_another_meaning_is_none(cached, other):
    cached.chat("What is the capital of France?")
    hit(lambda: cached.chat("What is the capital of France?"))
    assert status(cached.chat(other)) == "MISS"


OTHERS = {
    "model": {"model": "other-model"},
    "system prompt": {"messages": [{"role": "system", "content": "Be brief."},
                                   {"role": "user", "content": "hi there"}]},
    "earlier turn": {"messages": [{"role": "user", "content": "hello"},
                                  {"role": "assistant", "content": "yes?"},
                                  {"role": "user", "content": "hi there"}]},
    "parameter": {"top_p": 0.5},
    "tool": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
    "format": {"response_format": {"type": "json_object"}},
    "unknown field": {"x_vendor_mode": "fast"},
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_changes_the_answer_is_no_hit(new_tenant, mock, what):
    tenant = new_tenant(models=(MODEL, "other-model"))
    tenant.cache("answers")
    base = {"model": MODEL, "messages": [{"role": "user", "content": "hi there"}]}
    tenant.post(CHAT, base)
    hit(lambda: tenant.post(CHAT, base))
    count = asked(mock)
    reply = tenant.post(CHAT, {**base, **OTHERS[what]})
    assert reply.status == 200 and status(reply) == "MISS", reply
    assert asked(mock) == count + 1


def test_another_team_shares_nothing(cached):
    cached.put("Team", "red")
    cached.put("Team", "blue")
    red, blue = cached.key(team="red"), cached.key(team="blue")
    cached.chat("hello", key=red)
    hit(lambda: cached.chat("hello", key=red))
    assert status(cached.chat("hello", key=blue)) == "MISS"


def test_another_organisation_shares_nothing(cached, new_tenant):
    other = new_tenant()
    other.cache("answers", threshold=0.92)
    cached.chat("hello")
    hit(lambda: cached.chat("hello"))
    assert status(other.chat("hello")) == "MISS"


def test_within_a_team_two_users_must_have_had_it(cached):
    cached.put("Team", "red")
    for user in ("ann", "bob", "eve"):
        cached.put("User", user, team="red")
    ann, bob, eve = (cached.key(user=user, team="red") for user in ("ann", "bob", "eve"))
    cached.chat("hello", key=ann)
    hit(lambda: cached.chat("hello", key=ann))
    assert status(cached.chat("hello", key=bob)) == "MISS"
    hit(lambda: cached.chat("hello", key=bob))
    assert status(cached.chat("hello", key=eve)) == "HIT"


def test_without_promotion_one_is_enough(new_tenant):
    tenant = new_tenant()
    tenant.put("Team", "red")
    for user in ("ann", "bob"):
        tenant.put("User", user, team="red")
    ann, bob = (tenant.key(user=user, team="red") for user in ("ann", "bob"))
    tenant.cache("answers", no_promotion=True)
    tenant.chat("hello", key=ann)
    hit(lambda: tenant.chat("hello", key=ann))
    assert status(tenant.chat("hello", key=bob)) == "HIT"


@pytest.mark.parametrize("promotion", [False, True])
def test_alices_address_is_never_in_bobs_answer(new_tenant, mock, promotion):
    tenant = new_tenant()
    tenant.put("Team", "red")
    for user in ("alice", "bob", "eve"):
        tenant.put("User", user, team="red")
    keys = {user: tenant.key(user=user, team="red") for user in ("alice", "bob", "eve")}
    tenant.guard("tokens", rules=[{"name": "mail", "action": "tokenize", "entities": {"types": ["EMAIL"]}}])
    tenant.cache("answers", no_promotion=not promotion)
    mock.behave(mode="echo")
    ask = lambda user: tenant.chat(f"Write to {user}@example.com please", key=keys[user])  # noqa: E731
    assert "alice@example.com" in ask("alice").text
    assert "alice@example.com" in hit(lambda: ask("alice")).text
    for user in ("bob", "eve") if promotion else ("bob",):
        reply = ask(user)
        assert f"{user}@example.com" in reply.text and "alice" not in reply.text, reply
        reply = hit(lambda each=user: ask(each))
        assert f"{user}@example.com" in reply.text and "alice" not in reply.text, reply
    assert "example.com" not in "".join(each["body"] for each in mock.requests())


def test_masks_and_tokens_in_one_answer_are_given_again(new_tenant, mock):
    tenant = new_tenant()
    tenant.guard("both", rules=[
        {"name": "mail", "action": "tokenize", "entities": {"types": ["EMAIL"]}},
        {"name": "cards", "action": "mask", "entities": {"types": ["CREDIT_CARD"]},
         "directions": ["DIRECTION_REQUEST"]}])
    tenant.cache("answers")
    mock.behave(mode="echo")
    ask = lambda name: tenant.chat(f"{name}@example.com pays with 4111 1111 1111 1111")  # noqa: E731
    assert ask("ann").text == "ann@example.com pays with [[CARD-1]]"
    assert hit(lambda: ask("ann")).text == "ann@example.com pays with [[CARD-1]]"
    assert hit(lambda: ask("bob")).text == "bob@example.com pays with [[CARD-1]]"


def test_a_hit_is_counted_once_and_costs_no_tokens(cached):
    cached.chat("hello")
    hit(lambda: cached.chat("hello"))
    spent = cached.settled(2)
    assert (spent.requests, spent.total) == (2, 30)


def test_a_hit_has_its_price(new_tenant):
    tenant = new_tenant()
    tenant.cache("answers", hit_share=0.5)
    tenant.chat("hello")
    hit(lambda: tenant.chat("hello"))
    def spent():
        rows = tenant.usage()
        return rows and rows[0].total == 30 + 15 * (rows[0].attempts - 1) and rows[0].attempts > 1
    eventually(spent, what="half of the price of an answer")


def test_a_hit_passes_request_limits(cached):
    cached.limit("few", 3, unit=REQUESTS)
    assert cached.chat("hello").status == 200
    hit(lambda: cached.chat("hello"))
    replies = [cached.chat("hello") for _ in range(3)]
    assert replies[-1].status == 429


def test_a_hit_passes_rules(cached, mock):
    cached.chat("the forbidden fruit")
    hit(lambda: cached.chat("the forbidden fruit"))
    cached.guard("stop", rules=[{"name": "words", "action": "block", "deny_list": {"phrases": ["forbidden fruit"]}}])
    assert cached.chat("the forbidden fruit").status == 422


def test_a_hit_replays_as_a_stream_and_whole(cached, mock):
    mock.behave(mode="words", words=12)
    streamed = text_of(cached.stream("tell me").chunks())
    whole = hit(lambda: cached.chat("tell me"))
    assert whole.text == streamed
    stream = cached.stream("tell me", stream_options={"include_usage": True})
    assert stream.headers["X-Cache-Status"] == "HIT"
    chunks = stream.chunks()
    assert text_of(chunks) == streamed
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] == 12
    assert {chunk["id"] for chunk in chunks} != {whole.json()["id"]}


@pytest.mark.parametrize("control, want", [
    ("no-store", ("MISS", "BYPASS")), ("no-cache", ("MISS", "BYPASS")), ("max-age=0", ("MISS",))])
def test_callers_can_refuse_what_is_old(cached, control, want):
    cached.chat("hello")
    hit(lambda: cached.chat("hello"))
    time.sleep(1.1)
    assert status(cached.chat("hello", headers={"Cache-Control": control})) in want


@pytest.mark.parametrize("more", [{"temperature": 1.5}, {"n": 2}, {"logprobs": True}])
def test_some_requests_are_not_for_the_cache(cached, more):
    for _ in range(2):
        reply = cached.chat("hello", **more)
        assert status(reply) == "BYPASS", reply


def test_without_a_policy_nothing_is_said(tenant):
    assert tenant.chat("hello").headers["X-Cache-Status"] is None


def test_S2_12_an_answer_has_its_time(new_tenant):
    tenant = new_tenant()
    tenant.cache("answers", ttl="2s")
    tenant.chat("hello")
    hit(lambda: tenant.chat("hello"))
    eventually(lambda: status(tenant.chat("hello")) == "MISS", within=5, what="a miss")


def test_S2_20_the_question_is_where_the_policy_says(new_tenant):
    tenant = new_tenant()
    tenant.cache("twin", threshold=0.85, question_path="$.messages[0].content")
    ask = lambda text: tenant.chat(text)  # noqa: E731
    ask("How can I reset my password?")
    hit(lambda: ask("How can I reset my password?"))
    like = ask("How do I reset my password?")
    assert status(like) == "HIT", like


def test_many_equal_requests_are_one(cached, mock):
    mock.behave(mode="words", words=3, latency_ms=300)
    replies = at_once(100, lambda _: cached.chat("all at once"))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.text for reply in replies}) == 1
    assert asked(mock) == 1


def test_one_that_goes_away_is_replaced_by_another(cached, mock):
    mock.behave(mode="words", words=50, frame_delay_ms=50)
    leader = cached.stream("all at once")
    leader.read(2)
    follower = at_once(2, lambda index: leader.close() if index else cached.chat("all at once"))[0]
    assert follower.status == 200
    assert asked(mock) == 2


def test_a_secret_is_never_kept(cached, mock):
    cached.guard("flags", rules=[{"name": "secrets", "action": "flag", "entities": {"types": ["SECRET"]}}])
    prompt = "key sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1cD3eF5gH7"
    for _ in range(2):
        assert status(cached.chat(prompt)) in ("MISS", "BYPASS")
        time.sleep(0.2)
    assert asked(mock) == 2


def test_S2_21_what_a_mask_left_is_found_again(cached, mock):
    both = ["DIRECTION_REQUEST", "DIRECTION_RESPONSE"]
    cached.guard("masks", rules=[{"name": "mail", "action": "mask", "entities": {"types": ["EMAIL"]}, "directions": both}])
    mock.behave(mode="echo")
    assert cached.chat("Write to alice@example.com").text == "Write to [[EMAIL-1]]"
    assert hit(lambda: cached.chat("Write to alice@example.com")).text == "Write to [[EMAIL-1]]"
    # It is the same question when it is somebody else's address, as nobody is named in either.
    count = asked(mock)
    assert cached.chat("Write to bob@example.com").text == "Write to [[EMAIL-1]]"
    assert asked(mock) == count
