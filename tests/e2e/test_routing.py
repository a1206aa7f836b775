"""Who answers: round robin, suspension, fail-over, and what is billed for it."""

import concurrent.futures
import time

import pytest

from weir_harness.settings import patience
from weir_harness.tenant import REQUESTS
from weir_harness.wire import check_error

MODELS = ("alpha", "beta", "gamma")


def models_called(mock):
    return [each["model"] for each in mock.requests()]


def rotation(tenant, suspend="60s"):
    """The path of a proxy over all three models in turn."""
    context = tenant.proxy("rotating", model_rotation={"models": list(MODELS),
                                                       "suspend_duration": suspend})
    return context + "/chat/completions"


@pytest.fixture
def rotating(new_tenant):
    return new_tenant(models=MODELS)


def test_S2_8_nine_calls_over_three_models_are_three_each_in_order(rotating, mock):
    path = rotation(rotating)
    for _ in range(9):  # A connection each: whichever loop takes it.
        assert rotating.chat(path=path, model="whatever-the-client-says").status == 200
    called = models_called(mock)
    start = MODELS.index(called[0])
    assert called == [MODELS[(start + i) % 3] for i in range(9)]


def test_S2_8_callers_at_once_are_shared_out_evenly(rotating, mock):
    path = rotation(rotating)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: rotating.chat(path=path).status, range(60)))
    assert statuses == [200] * 60
    by_model = mock.ledger()["by_model"]
    assert {name: by_model[name]["requests"] for name in MODELS} == dict.fromkeys(MODELS, 20)


def test_S2_8_the_ledger_names_the_model_that_answered(rotating):
    path = rotation(rotating)
    for _ in range(6):
        rotating.chat(path=path, model="none-of-these")
    rotating.settled(6)
    assert {row.group["model"]: row.attempts for row in rotating.usage("model")} == dict.fromkeys(
        MODELS, 2)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_S2_9b_a_failing_model_is_left_out_for_exactly_its_time(rotating, mock, status):
    path = rotation(rotating, suspend="1.5s")
    mock.behave(model="beta", status=status, times=1)
    while "beta" not in models_called(mock):
        assert rotating.chat(path=path).status == 200  # The next model answers instead.
    failed = next(each for each in mock.requests() if each["model"] == "beta")
    out_from = failed["finished_at_us"] / 1e6
    while models_called(mock).count("beta") == 1:
        assert time.time() - out_from < 1.5 + patience(0.5), "it did not come back"
        assert rotating.chat(path=path).status == 200
        time.sleep(0.01)
    back = [each for each in mock.requests() if each["model"] == "beta"][1]
    # The gateway hears of the failure a moment after the provider has sent it.
    assert back["started_at_us"] / 1e6 - out_from > 1.49
    others = [each for each in models_called(mock) if each != "beta"]
    assert abs(others.count("alpha") - others.count("gamma")) <= 2


def test_S2_9b_all_models_out_is_said_with_the_time_of_the_first_return(rotating, mock):
    path = rotation(rotating, suspend="2s")
    mock.behave(status=503)
    first = rotating.chat(path=path)
    failed = time.monotonic()
    assert first.status >= 500
    assert models_called(mock) == [MODELS[(MODELS.index(models_called(mock)[0]) + i) % 3]
                                   for i in range(3)]
    reply = rotating.chat(path=path)
    message = check_error(reply, 503, "service_unavailable")
    assert message == "All models are currently unavailable"
    assert 1 <= int(reply.headers["Retry-After"]) <= 2
    assert mock.ledger()["requests"] == 3
    mock.control("DELETE", "/behaviour")
    while rotating.chat(path=path).status != 200:
        assert time.monotonic() - failed < 2 + patience(0.5), "it did not come back"
        time.sleep(0.02)
    assert time.monotonic() - failed > 1.9


def test_S2_9b_every_loop_knows_of_a_suspension(rotating, mock):
    path = rotation(rotating)
    mock.behave(model="alpha", status=500)
    for _ in range(3):
        rotating.chat(path=path)
    before = models_called(mock).count("alpha")
    assert before == 1
    for _ in range(20):
        assert rotating.chat(path=path).status == 200
    assert models_called(mock).count("alpha") == before


def test_a_clients_own_mistake_suspends_nobody(rotating, mock):
    path = rotation(rotating)
    mock.behave(status=400, times=3)
    assert [rotating.chat(path=path).status for _ in range(3)] == [400] * 3
    assert sorted(models_called(mock)) == sorted(MODELS)
    assert rotating.chat(path=path).status == 200


def two_providers(tenant, own_mock, **model):
    """A model with two targets: a provider of its own first, the shared mock second."""
    first = own_mock()
    tenant.put_provider("first", base_url=first.url)
    tenant.put_model("shared", targets=[{"provider": "first", "upstream_model": "one"},
                                        {"provider": "vendor", "upstream_model": "two"}],
                     **{"suspend_duration": "0s", **model})
    tenant.wait_for("shared")
    return first


@pytest.mark.parametrize("broken", [
    {"status": 500}, {"status": 429, "retry_after": 1}, {"drop_before_answer": True},
    {"status": 502, "body": "<html>bad gateway</html>"}],
    ids=["500", "429", "dropped", "html"])
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_a_failure_before_the_first_byte_goes_to_the_next_target(tenant, mock, own_mock, broken,
                                                                stream):
    first = two_providers(tenant, own_mock)
    first.behave(**broken)
    if stream:
        answer = tenant.stream(model="shared")
        assert answer.status == 200 and answer.rest()[-1] == "[DONE]"
    else:
        assert tenant.chat(model="shared").status == 200
    assert (first.last()["model"], mock.last()["model"]) == ("one", "two")
    spent = tenant.settled(1, provider="vendor")
    assert (spent.total, spent.estimated) == (30, 0)
    total, = tenant.usage()
    assert total.requests == 1


def test_a_target_that_is_gone_is_passed_over(tenant, own_mock):
    first = two_providers(tenant, own_mock)
    first.stop()
    assert tenant.chat(model="shared").status == 200


def test_a_break_after_the_first_byte_is_not_tried_again(tenant, mock, own_mock):
    first = two_providers(tenant, own_mock)
    first.behave(mode="words", words=5, drop_after_frames=2)
    stream = tenant.stream(model="shared")
    events = stream.rest()
    assert events[-1] != "[DONE]" and '"error"' in events[-1]
    assert mock.ledger()["requests"] == 0


def test_a_further_target_whose_limit_is_spent_is_skipped(tenant, mock, own_mock):
    first, second = own_mock(), own_mock()
    tenant.put_provider("first", base_url=first.url)
    tenant.put_provider("second", base_url=second.url)
    tenant.put_model("shared", suspend_duration="0s", targets=[
        {"provider": "first"}, {"provider": "second"}, {"provider": "vendor"}])
    tenant.wait_for("shared")
    tenant.limit("second-none", 0, level="LEVEL_PROVIDER", subject="second", period="60s")
    first.behave(status=500)
    assert tenant.chat(model="shared").status == 200
    assert (first.ledger()["requests"], second.ledger()["requests"]) == (1, 0)
    assert mock.ledger()["requests"] == 1


def test_a_further_target_whose_limit_is_spent_is_429_where_it_is_the_last(tenant, mock, own_mock):
    first = two_providers(tenant, own_mock)
    tenant.limit("vendor-none", 0, level="LEVEL_PROVIDER", subject="vendor", period="60s")
    first.behave(status=500)
    reply = tenant.chat(model="shared")
    assert reply.status == 429 and "vendor-none" in reply.error["message"]
    assert mock.ledger()["requests"] == 0


def test_a_request_counts_once_however_many_attempts(tenant, own_mock):
    first = two_providers(tenant, own_mock)
    tenant.limit("calls", 3, REQUESTS)
    first.behave(status=500)
    assert [tenant.chat(model="shared").status for _ in range(4)] == [200, 200, 200, 429]


def test_targets_in_turn(tenant, mock, own_mock):
    first = two_providers(tenant, own_mock, strategy="STRATEGY_ROUND_ROBIN")
    for _ in range(6):
        assert tenant.chat(model="shared").status == 200
    assert (first.ledger()["requests"], mock.ledger()["requests"]) == (3, 3)


def test_targets_in_order_use_the_first(tenant, mock, own_mock):
    first = two_providers(tenant, own_mock)
    for _ in range(4):
        assert tenant.chat(model="shared").status == 200
    assert (first.ledger()["requests"], mock.ledger()["requests"]) == (4, 0)


def test_an_alias_is_the_model(tenant, mock):
    tenant.put_model("canonical", aliases=["nickname"],
                     targets=[{"provider": "vendor", "upstream_model": "vendors-name"}])
    tenant.wait_for("canonical")
    assert tenant.chat(model="nickname").status == 200
    assert mock.last()["model"] == "vendors-name"
    tenant.settled(1, model="canonical")


def test_a_proxy_to_a_provider_leaves_names_alone(tenant, mock):
    path = tenant.proxy("direct", provider="vendor") + "/chat/completions"
    assert tenant.chat(path=path, model="any/model:tag").status == 200
    assert mock.last()["model"] == "any/model:tag"


def test_a_proxy_serves_only_its_models_and_kinds(new_tenant):
    tenant = new_tenant(models=MODELS)
    context = tenant.proxy("narrow", kinds=["API_KIND_CHAT", "API_KIND_MODELS"],
                           allowed_models=["alpha"])
    assert tenant.chat(path=context + "/chat/completions", model="alpha").status == 200
    check_error(tenant.chat(path=context + "/chat/completions", model="beta"), 404,
                "model_not_found", param="model")
    check_error(tenant.embed(path=context + "/embeddings", model="alpha"), 404, "unknown_url")


def test_a_changed_proxy_keeps_keys_and_is_in_force_within_a_second(tenant, mock):
    path = tenant.proxy("direct", provider="vendor") + "/chat/completions"
    assert tenant.chat(path=path, model="one").status == 200
    mock.behave(mode="words", words=20, frame_delay_ms=40)
    stream = tenant.stream(path=path, model="one")
    stream.read(2)
    tenant.put("Proxy", "direct", context=path.removesuffix("/chat/completions"),
               provider="vendor", allowed_models=["two"])
    changed = time.monotonic()
    mock.control("DELETE", "/behaviour")
    while tenant.chat(path=path, model="one").status == 200:
        assert time.monotonic() - changed < patience(1)
    assert tenant.chat(path=path, model="two").status == 200
    assert stream.rest()[-1] == "[DONE]"


def test_an_unresolved_proxy_says_what_is_missing(tenant, mock):
    context = "/" + tenant.name
    tenant.put("Proxy", "hollow", context=context, provider="not-there")
    deadline = time.monotonic() + patience(2)
    while (reply := tenant.chat(path=context + "/chat/completions")).status == 404:
        assert time.monotonic() < deadline
    message = check_error(reply, 503, "service_unavailable")
    assert "not-there" in message
    assert mock.ledger()["requests"] == 0
