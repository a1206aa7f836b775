"""One proxy with everything: round robin, masks, a cache and budgets of teams, called as its guide has it."""

import json

import pytest

from weir_harness.waiting import eventually
from weir_harness.wire import Http

MODELS = ("gpt-4o", "gpt-4o-mini", "o3-mini")
EMAIL = "jane.doe@example.com"
BUDGETS = {"engineering": 5000, "product": 5000, "sales": 60}  # Tokens.


@pytest.fixture
def governed(new_tenant):
    tenant = new_tenant(models=MODELS)
    for team, budget in BUDGETS.items():
        tenant.put("Team", team)
        tenant.limit(f"budget-{team}", budget, level="LEVEL_TEAM", subject=team)
    tenant.context = tenant.proxy("enterprise-llm-proxy", model_rotation={"models": list(MODELS)})
    tenant.guard("pii-masking-regex", "LEVEL_PROXY", "enterprise-llm-proxy", preset="wso2-pii-masking")
    tenant.cache("semantic-cache", "LEVEL_PROXY", "enterprise-llm-proxy", threshold=0.92)
    tenant.test_key = tenant.key("test-key", team="engineering")
    return tenant


def ask(tenant, text, *, key=None, query=""):
    headers = {"X-API-Key": key or tenant.test_key, "Content-Type": "application/json"}
    return tenant.gateway.http.request(
        "POST", f"{tenant.context}/openai/responses{query}", json.dumps({"model": "any", "input": text}), headers)


def text_of(reply):
    return reply.json()["output"][0]["content"][0]["text"]


def test_S2_21_the_guides_steps_in_order(governed, mock):
    mock.behave(mode="echo")
    # The proxy is reachable.
    first = ask(governed, "What is the capital of France?", query="?api-version=2025-04-01-preview")
    assert first.status == 200, first
    assert text_of(first) == "What is the capital of France?"
    # Requests without a key are not let in.
    refused = governed.gateway.http.post(f"{governed.context}/openai/responses", {"model": "any", "input": "Hello"})
    assert refused.status == 401, refused
    # The second time the answer comes from the cache, though round robin has moved on.
    assert ask(governed, "Hello !!").headers["X-Cache-Status"] == "MISS"
    def again():
        reply = ask(governed, "Hello !!")
        return reply if reply.headers["X-Cache-Status"] == "HIT" else None
    assert text_of(eventually(again, within=3, what="a hit")) == "Hello !!"
    # What identifies somebody has not left.
    masked = ask(governed, f"Repeat the email address I just gave you: {EMAIL}")
    assert masked.status == 200 and "[[EMAIL-1]]" in text_of(masked) and EMAIL not in text_of(masked)
    assert all(EMAIL not in each["body"] for each in mock.requests())
    # In turn: a hit had one, too.
    for text in ("one", "two", "three"):
        assert ask(governed, text).status == 200
    assert [each["model"] for each in mock.requests()][-3:] in [
        [*MODELS[i:], *MODELS[:i]] for i in range(3)]
    # What the dashboard shows.
    books = mock.ledger()
    def told():
        rows = governed.usage("team")
        return rows and rows[0].total == books["prompt_tokens"] + books["completion_tokens"] and rows
    rows = eventually(told, within=5, what="what the provider booked")
    assert [row.group for row in rows] == [{"team": "engineering"}]


def test_S2_21_a_teams_budget_is_its_own(governed, mock):
    sales = governed.key("sales-key", team="sales")
    texts = iter(["one apple", "two dogs bark", "three green houses", "four winds blow", "five seas", "six days"])
    replies = [ask(governed, text, key=sales) for text in texts]
    assert replies[-1].status == 429, replies[-1]
    assert ask(governed, "seven").status == 200


def test_S2_20_models_in_turn_a_cache_and_stars_for_what_identifies(new_tenant, mock):
    tenant = new_tenant(models=MODELS)
    context = tenant.proxy("twin", model_rotation={"models": list(MODELS)})
    tenant.guard("pii", "LEVEL_PROXY", "twin", preset="wso2-pii", rules=[
        {"name": "badge", "action": "redact", "replacement": "*****",
         "pattern": {"entity_type": "BADGE", "expression": r"\bEMP-\d{4}\b"}}])
    tenant.cache("cache", "LEVEL_PROXY", "twin", threshold=0.85, question_path="$.messages[0].content")
    mock.behave(mode="echo")

    def chat(text):
        return tenant.chat(text, path=f"{context}/chat/completions", model="any")
    for i in range(9):
        assert chat(f"question number {i} about subject {chr(97 + i) * 5}").status == 200
    assert {each["model"] for each in mock.requests()} == set(MODELS)
    chat("How can I reset my password?")
    again = eventually(lambda: hit_of(chat("How can I reset my password?")), within=3, what="a hit")
    assert again.text == "How can I reset my password?"
    assert chat(f"I am {EMAIL}, badge EMP-1234").status == 200
    sent = mock.requests()[-1]["body"]
    assert EMAIL not in sent and "EMP-1234" not in sent and "*****" in sent


def hit_of(reply):
    return reply if reply.headers["X-Cache-Status"] == "HIT" else None
