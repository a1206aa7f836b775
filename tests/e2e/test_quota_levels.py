"""A limit at every level: it trips alone, and the refusal names it."""

import json

import pytest

from weir_harness.tenant import MODEL, REQUESTS, TOKENS
from weir_harness.wire import check_error


@pytest.fixture
def staffed(tenant):
    """A team of two users, and a key for each."""
    tenant.put("Team", "crew")
    tenant.put("User", "ann", team="crew")
    tenant.put("User", "bob", team="crew")
    tenant.ann = tenant.key("ann-key", team="crew", user="ann")
    tenant.bob = tenant.key("bob-key", team="crew", user="bob")
    return tenant


# Level, subject, and whom else it stops: bob of the same team, the key "app" of no team.
LEVELS = [("ORGANIZATION", "", True, True), ("TEAM", "crew", True, False),
          ("USER", "ann", False, False), ("KEY", "ann-key", False, False),
          ("PROVIDER", "vendor", True, True), ("MODEL", MODEL, True, True)]


@pytest.mark.parametrize("level, subject, bob_too, app_too", LEVELS)
@pytest.mark.parametrize("unit, count", [(REQUESTS, 2), (TOKENS, 60)])
def test_each_level_trips_alone_and_is_named(staffed, level, subject, bob_too, app_too, unit,
                                                  count):
    name = f"at-{level.lower()}"
    staffed.limit(name, count, unit, level=f"LEVEL_{level}", subject=subject, period="60s")
    assert [staffed.chat(key=staffed.ann).status for _ in range(2)] == [200, 200]
    staffed.settled(2)  # A likely cost was held; what it really was follows the answer.
    message = check_error(staffed.chat(key=staffed.ann), 429, "rate_limit_exceeded")
    assert message.startswith("Rate limit exceeded")
    assert name in message and level.lower() in message.lower()
    assert staffed.chat(key=staffed.bob).status == (429 if bob_too else 200)
    assert staffed.chat().status == (429 if app_too else 200)


def test_a_proxys_limit_stops_the_proxy_alone(tenant):
    context = tenant.proxy("assistant")
    tenant.limit("at-proxy", 1, REQUESTS, level="LEVEL_PROXY", subject="assistant", period="60s")
    path = context + "/chat/completions"
    assert tenant.chat(path=path).status == 200
    message = check_error(tenant.chat(path=context + "/v1/chat/completions"), 429,
                          "rate_limit_exceeded")
    assert "at-proxy" in message and "proxy" in message
    assert tenant.chat().status == 200


def test_a_models_limit_leaves_other_models(new_tenant):
    tenant = new_tenant(models=("small", "large"))
    tenant.limit("large-only", 1, REQUESTS, level="LEVEL_MODEL", subject="large", period="60s")
    assert [tenant.chat(model="large").status for _ in range(2)] == [200, 429]
    assert tenant.chat(model="small").status == 200


def test_a_models_aliases_share_its_limit(new_tenant):
    tenant = new_tenant(models=("large",), model={"aliases": ["largest"]})
    tenant.limit("large-only", 2, REQUESTS, level="LEVEL_MODEL", subject="large", period="60s")
    assert [tenant.chat(model=m).status for m in ("largest", "large", "largest")] == [200, 200, 429]


def test_S1_5b_three_users_three_keys_three_counters(tenant, mock):
    users = {"alice": "alpha", "bob": "alpha", "dave": "beta"}
    for team in ("alpha", "beta"):
        tenant.put("Team", team)
    keys = {}
    for user, team in users.items():
        tenant.put("User", user, team=team)
        keys[user] = tenant.key(f"{team}-{user}", team=team, user=user)
    tenant.limit("each-user", 500, level="LEVEL_USER", subject="*", period="60s")
    mock.behave(mode="words", words=100, prompt_tokens=150)  # Two answers are 500 tokens.
    for user in users:
        assert [tenant.chat(key=keys[user]).status for _ in range(3)] == [200, 200, 429]
    tenant.settled(6)
    assert {row.group["user"]: row.total for row in tenant.usage("user")} == dict.fromkeys(users, 500)


def test_one_member_alone_may_spend_the_teams_budget(staffed):
    staffed.limit("team-pot", 90, level="LEVEL_TEAM", subject="crew", period="60s")
    assert [staffed.chat(key=staffed.ann).status for _ in range(3)] == [200] * 3
    assert staffed.chat(key=staffed.bob).status == 429


def test_S2_14_a_team_at_its_end_does_not_stop_another(tenant):
    keys = {}
    for team in ("engineering", "product", "sales"):
        tenant.put("Team", team)
        keys[team] = tenant.key(team + "-key", team=team)
        tenant.limit(team, 30, level="LEVEL_TEAM", subject=team, period="60s")
    assert [tenant.chat(key=keys["sales"]).status for _ in range(2)] == [200, 429]
    assert tenant.chat(key=keys["engineering"]).status == 200
    assert tenant.chat(key=keys["product"]).status == 200


def test_the_ledger_knows_whose_spending_it_was(staffed, mock):
    context = staffed.proxy("assistant")
    staffed.chat(key=staffed.ann)
    staffed.chat(key=staffed.ann, path=context + "/chat/completions")
    staffed.chat(key=staffed.bob)
    staffed.embed(key=staffed.bob)
    staffed.settled(4)
    by_user = {row.group["user"]: row for row in staffed.usage("user")}
    assert (by_user["ann"].total, by_user["bob"].total) == (60, 32)
    assert staffed.settled(1, proxy="assistant").total == 30
    ledger = mock.ledger()
    for field, value in (("team", "crew"), ("provider", "vendor"), ("model", MODEL)):
        total, = staffed.usage(field)
        assert total.group[field] == value
        assert (total.requests, total.attempts, total.estimated) == (4, 4, 0)
        assert (total.input, total.output) == (ledger["prompt_tokens"],
                                               ledger["completion_tokens"])


def test_a_cap_counts_for_each_choice(tenant, mock):
    """n multiplies what a call may take: three answers of 20 tokens do not fit beside the prompt."""
    tenant.limit("daily", 40, enforcement="ENFORCEMENT_STRICT")
    assert tenant.chat("hi", n=3, max_tokens=20).status == 200
    assert 10 + 3 * json.loads(mock.last()["body"])["max_tokens"] <= 40
