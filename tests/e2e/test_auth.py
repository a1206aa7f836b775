"""Who is calling: every place of a credential, and what is refused before anything is spent."""

import pytest

from weir_harness.tenant import unique
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually
from weir_harness.wire import CHAT, check_error

PLACES = ["Authorization", "X-API-Key", "api-key", "api_key", "apikey", "x-goog-api-key"]
REFUSED = "x" * 30


def credential(place, key):
    return {place: f"Bearer {key}" if place == "Authorization" else key}


def chat(tenant, headers, path=CHAT):
    """A call with these headers alone."""
    return tenant.gateway.http.post(path, chat_body("hi"), headers)


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_taken_in_every_place(tenant, place):
    assert chat(tenant, credential(place, tenant.secret)).status == 200


@pytest.mark.parametrize("place", [place.upper() for place in PLACES[1:]])
def test_header_names_have_no_case(tenant, place):
    assert chat(tenant, {place: tenant.secret}).status == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_has_no_case(tenant, scheme):
    assert chat(tenant, {"Authorization": f"{scheme} {tenant.secret}"}).status == 200


def test_S0_1_the_api_key_header_and_a_name_of_the_proxys_own(tenant):
    own = tenant.proxy("assistant", key_header="x-assistant-key")
    for path, place in ((CHAT, "api_key"), (own + "/chat/completions", "api_key"),
                        (own + "/chat/completions", "X-Assistant-Key")):
        assert chat(tenant, {place: tenant.secret}, path).status == 200
    # Elsewhere the proxy's header is no credential.
    check_error(chat(tenant, {"x-assistant-key": tenant.secret}), 401, "invalid_api_key")


@pytest.mark.parametrize("place", PLACES)
def test_S0_2_a_wrong_key_is_refused_and_costs_nothing(tenant, mock, place):
    tenant.limit("budget", 100)
    message = check_error(chat(tenant, credential(place, REFUSED)), 401, "invalid_api_key")
    assert REFUSED not in message
    assert mock.ledger()["requests"] == 0
    assert tenant.limit_state("budget").remaining == 100
    assert tenant.unbilled()


def test_S0_2_a_missing_key_is_refused_and_costs_nothing(tenant, mock):
    for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"api_key": ""}):
        check_error(chat(tenant, headers), 401, "invalid_api_key", kind="invalid_request_error")
    assert mock.ledger()["requests"] == 0
    assert tenant.unbilled()


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Digest"])
def test_another_scheme_is_no_credential(tenant, mock, scheme):
    reply = chat(tenant, {"Authorization": f"{scheme} {tenant.secret}"})
    assert reply.status in (400, 401)
    assert mock.ledger()["requests"] == 0


@pytest.mark.parametrize("place", PLACES[1:])
def test_two_different_credentials_are_refused(tenant, mock, place):
    other = tenant.key()
    reply = chat(tenant, {**credential("Authorization", tenant.secret), place: other})
    check_error(reply, 400, None, kind="invalid_request_error")
    assert mock.ledger()["requests"] == 0


def test_the_proxys_own_header_is_one_of_the_places(tenant):
    path = tenant.proxy("assistant", key_header="x-assistant-key") + "/chat/completions"
    other = tenant.key()
    reply = chat(tenant, {"x-assistant-key": other, "api-key": tenant.secret}, path)
    check_error(reply, 400, None)


def test_the_same_credential_twice_is_one(tenant):
    everywhere = {name: value for place in PLACES
                  for name, value in credential(place, tenant.secret).items()}
    assert chat(tenant, everywhere).status == 200


def _malformed(secret):
    """A key with one character changed: its check does not hold any more."""
    middle = len(secret) // 2
    return secret[:middle] + ("A" if secret[middle] != "A" else "B") + secret[middle + 1:]


@pytest.mark.parametrize("broken", [
    lambda secret: secret[:-1], lambda secret: secret + "x", _malformed,
    lambda secret: secret.swapcase(), lambda secret: "wr_" + "0" * 62])
def test_a_mistyped_key_is_refused(tenant, mock, broken):
    check_error(chat(tenant, credential("api-key", broken(tenant.secret))), 401, "invalid_api_key")
    assert mock.ledger()["requests"] == 0


def test_an_overlong_key_is_refused(tenant):
    check_error(chat(tenant, credential("api-key", "k" * 5000)), 401, "invalid_api_key")


def test_a_key_made_for_another_proxy_is_refused(tenant, mock):
    mine, other = tenant.proxy("mine"), tenant.proxy("other")
    key = tenant.key(allowed_proxies=["mine"])
    assert tenant.chat(key=key, path=mine + "/chat/completions").status == 200
    for path in (other + "/chat/completions", CHAT):
        check_error(tenant.chat(key=key, path=path), 403, "permission_denied")
    assert mock.ledger()["requests"] == 1


def test_a_key_does_not_open_another_organisations_proxy(new_tenant):
    one, two = new_tenant(), new_tenant()
    path = one.proxy("assistant") + "/chat/completions"
    reply = two.chat(path=path)
    assert reply.status in (403, 404), reply
    assert one.chat(path=path).status == 200


def test_a_model_of_another_organisation_does_not_exist(new_tenant):
    private = unique("private")
    new_tenant(models=(private,))
    check_error(new_tenant().chat(model=private), 404, "model_not_found", param="model")


def test_a_key_may_be_bound_to_models(new_tenant, mock):
    tenant = new_tenant(models=("cheap", "dear"))
    key = tenant.key(allowed_models=["cheap"])
    assert tenant.chat(key=key, model="cheap").status == 200
    check_error(tenant.chat(key=key, model="dear"), 403, "permission_denied")
    assert mock.ledger()["requests"] == 1


def test_a_key_may_be_bound_to_a_kind_of_endpoint(tenant, mock):
    key = tenant.key(scopes=["embeddings"])
    assert tenant.embed(key=key).status == 200
    check_error(tenant.chat(key=key), 403, "permission_denied")
    assert mock.ledger()["requests"] == 1


@pytest.mark.parametrize("kind, name", [("Organization", None), ("Team", "crew"), ("User", "ann")])
def test_a_disabled_owner_refuses_its_keys_until_it_is_enabled(tenant, kind, name):
    tenant.put("Team", "crew")
    tenant.put("User", "ann", team="crew")
    key = tenant.key(team="crew", user="ann")
    team = {"team": "crew"} if kind == "User" else {}
    assert tenant.chat(key=key).status == 200
    tenant.put(kind, name or tenant.name, disabled=True, **team)
    # Connections are spread over the event loops, which hear of it one by one.
    eventually(lambda: all(tenant.chat(key=key).status == 401 for _ in range(8)), within=2,
               what="the refusal")
    assert tenant.chat(key=key).error["code"] != "invalid_api_key"
    tenant.put(kind, name or tenant.name, disabled=False, **team)
    eventually(lambda: all(tenant.chat(key=key).status == 200 for _ in range(8)), within=2,
               what="the key's return")
