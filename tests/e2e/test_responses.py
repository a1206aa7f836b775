"""The Responses API: every path, whole answers and typed events, and the policies in front of them."""

import contextlib
import json
import sqlite3

import pytest

from weir_harness.tenant import MODEL, VENDOR_KEY, Tenant
from weir_harness.waiting import eventually
from weir_harness.wire import REQUEST_ID, check_error, output_text_of

STRICT = "ENFORCEMENT_STRICT"
CANNED = "Hello! This response came through your local WSO2 AI Gateway"
# Words of one token each, for the provider and for weir's own count alike.
WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()
TEXT = " ".join(WORDS)

PATHS = ["/responses", "/v1/responses", "/openai/responses", "/openai/v1/responses"]
QUERIES = ["", "?api-version=2025-04-01-preview"]


@pytest.fixture
def context(tenant):
    return tenant.proxy("assistant")


def said(reply):
    return reply.json()["output"][0]["content"][0]["text"]


def sent_up(mock):
    return json.loads(mock.last()["body"])


def spent_upstream(mock):
    """What the provider counts, cut answers included."""
    ledger = mock.ledger()
    return sum(ledger[each] for each in ("prompt_tokens", "completion_tokens",
                                         "aborted_prompt_tokens", "aborted_completion_tokens"))


# --- Paths and keys ---

@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", PATHS)
def test_S2_13_every_path_answers_at_the_root(tenant, mock, path, query):
    reply = tenant.gateway.http.post(path + query, {"model": MODEL, "input": "hi"},
                                     {"X-API-Key": tenant.secret})
    assert reply.status == 200, reply
    assert said(reply).startswith(CANNED)
    assert REQUEST_ID.fullmatch(reply.request_id)
    assert mock.last()["target"] == "/v1/responses"
    assert mock.headers()["authorization"] == f"Bearer {VENDOR_KEY}"
    assert "x-api-key" not in mock.headers()


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", PATHS)
def test_S2_13_every_path_answers_under_a_proxys_context(tenant, context, path, query):
    reply = tenant.gateway.http.post(context + path + query, {"model": MODEL, "input": "hi"},
                                     {"X-API-Key": tenant.secret})
    assert reply.status == 200, reply
    assert said(reply).startswith(CANNED)


@pytest.mark.parametrize("path", ["/openai/responses?api-version=2025-04-01-preview",
                                  "/v1/responses"])
@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "sk-wrong-wrong-wrong-wrong"}])
def test_S2_13_without_a_key_nothing_is_answered(tenant, context, mock, path, headers):
    for prefix in ("", context):
        reply = tenant.gateway.http.post(prefix + path, {"model": MODEL, "input": "hi"}, headers)
        check_error(reply, 401, "invalid_api_key")
    assert mock.ledger()["requests"] == 0


def test_other_methods_are_refused(tenant):
    reply = tenant.get("/openai/responses")
    check_error(reply, 405, "method_not_allowed")
    assert reply.headers["Allow"] == "POST, OPTIONS"


def test_a_key_may_be_bound_to_responses(tenant, mock):
    key = tenant.key(scopes=["responses"])
    assert tenant.respond(key=key).status == 200
    check_error(tenant.chat(key=key), 403, "permission_denied")
    check_error(tenant.respond(key=tenant.key(scopes=["chat"])), 403, "permission_denied")
    assert mock.ledger()["requests"] == 1


def test_a_proxy_may_leave_it_out(tenant):
    closed = tenant.proxy("narrow", kinds=["API_KIND_CHAT", "API_KIND_MODELS"])
    check_error(tenant.respond(path=closed + "/responses"), 404, "unknown_url")
    wide = tenant.proxy("wide", kinds=["API_KIND_RESPONSES", "API_KIND_MODELS"])
    assert tenant.respond(path=wide + "/openai/responses").status == 200


def test_a_rotation_writes_the_models_name(new_tenant, mock):
    tenant = new_tenant(models=("small", "large"))
    context = tenant.proxy("rotating", model_rotation={"models": ["small", "large"]})
    for _ in range(4):
        assert tenant.respond(path=context + "/responses", model="whatever").status == 200
    called = [each["model"] for each in mock.requests() if "/responses" in each["target"]]
    assert sorted(called) == ["large", "large", "small", "small"]


# --- Answers ---

def test_an_answer_comes_as_the_provider_gave_it(tenant, mock):
    body = {"model": MODEL, "input": "hi", "store": False, "new_member": {"a": [1]}}
    through = tenant.post("/v1/responses", body)
    assert sent_up(mock) == body
    assert through.body == mock.post("/v1/responses", body).body


def test_a_stream_comes_as_the_provider_gave_it(tenant, mock):
    mock.behave(mode="words", words=5)
    stream = tenant.stream_response()
    assert stream.status == 200
    assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["Cache-Control"] == "no-cache"
    events = stream.typed()
    assert output_text_of(events) == "word1 word2 word3 word4 word5"
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] == "response.completed"
    assert "stream_options" not in sent_up(mock)
    direct = mock.post("/v1/responses", sent_up(mock)).body
    assert [json.loads(line[6:]) for line in direct.decode().splitlines()
            if line.startswith("data: ")] == events


def test_a_call_of_a_function_passes_whole(tenant):
    tools = [{"type": "function", "name": "get_weather", "parameters": {}}]
    events = tenant.stream_response(tools=tools, tool_choice="required").typed()
    arguments = "".join(each["delta"] for each in events
                        if each["type"] == "response.function_call_arguments.delta")
    assert json.loads(arguments) == {"city": "Paris"}
    assert events[-1]["response"]["output"][0]["name"] == "get_weather"


# --- What is billed ---

@pytest.mark.parametrize("stream", [False, True])
def test_usage_is_in_the_ledger(tenant, mock, stream):
    mock.behave(usage={"input_tokens_details": {"cached_tokens": 4},
                       "output_tokens_details": {"reasoning_tokens": 5}})
    if stream:
        tenant.stream_response().typed()
    else:
        tenant.respond()
    spent = tenant.settled(1)
    assert (spent.input, spent.output, spent.estimated) == (10, 20, 0)
    assert (spent.parts.cache_read_tokens, spent.parts.reasoning_tokens) == (4, 5)


@pytest.mark.standalone
def test_the_ledgers_rows_the_log_and_the_metrics_name_the_kind(own_gateway, mock):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    request_id = tenant.respond().request_id
    tenant.settled(1)
    metrics = gateway.ops.get("/metrics").body.decode()
    assert 'weir_requests_total{kind="responses",status="200"} 1' in metrics
    logged = eventually(lambda: [each for each in gateway.log("request.done")
                                 if each["request_id"] == request_id], what="the log line")
    assert [each["kind"] for each in logged] == ["responses"]
    ledger = gateway.folder / "data" / "quota.db"
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT kind, total_tokens FROM quota_ledger"
                                " JOIN quota_subject ON quota_subject.id = subject_id").fetchall()
    assert rows == [("responses", 30)]


@pytest.mark.parametrize("stream", [False, True])
def test_an_explicit_zero_is_a_value(tenant, mock, stream):
    mock.behave(zero_usage=True)
    if stream:
        tenant.stream_response().typed()
    else:
        tenant.respond()
    spent = tenant.settled(1)
    assert (spent.total, spent.estimated, spent.requests) == (0, 0, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_without_usage_is_counted(tenant, mock, stream):
    mock.behave(mode="echo", omit_usage=True)
    if stream:
        assert output_text_of(tenant.stream_response(TEXT).typed()) == TEXT
    else:
        assert said(tenant.respond(TEXT)) == TEXT
    spent = tenant.settled(1)
    assert (spent.output, spent.estimated) == (len(WORDS), 1)
    assert len(WORDS) <= spent.input <= len(TEXT) + 8


def test_who_leaves_a_stream_pays_for_what_came(tenant, mock):
    mock.behave(mode="echo", frame_delay_ms=150)
    stream = tenant.stream_response(TEXT)
    stream.read(4 + 3)  # Four events before the first word.
    stream.close()
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    spent = tenant.settled(1)
    assert (mock.ledger()["aborted"], spent.estimated) == (1, 1)
    assert 3 <= spent.output <= 4


@pytest.mark.parametrize("frames", [1, 4])
def test_a_break_in_mid_stream_is_an_error_event(tenant, mock, frames):
    mock.behave(mode="echo", drop_after_frames=frames, frame_delay_ms=5)
    *events, error = tenant.stream_response(TEXT).typed()
    assert output_text_of(events) == " ".join(WORDS[:frames])
    assert (error["type"], error["code"], error["param"]) == ("error", "upstream_error", None)
    assert error["error"]["message"] == error["message"]
    spent = tenant.settled(1)
    assert (spent.output, spent.estimated) == (frames, 1)


def test_an_error_before_the_stream_is_a_plain_error(tenant, mock):
    mock.behave(status=400)
    stream = tenant.stream_response()
    assert stream.status == 400
    assert stream.headers["Content-Type"].startswith("application/json")
    stream.close()


# --- Limits ---

def test_a_strict_limit_clamps_what_the_provider_is_told(tenant, mock):
    tenant.limit("daily", 2000, enforcement=STRICT)
    mock.behave(mode="words", words=5000)
    reply = tenant.respond("hi", max_output_tokens=5000)
    assert reply.status == 200 and reply.json()["status"] == "incomplete"
    assert sent_up(mock)["max_output_tokens"] < 2000
    spent = tenant.settled(1)
    assert spent.total == spent_upstream(mock) <= 2000
    assert tenant.limit_state("daily").remaining == 2000 - spent.total


def test_a_stream_alone_gets_the_last_token_of_its_budget(tenant, mock):
    tenant.limit("daily", 2000, enforcement=STRICT)
    mock.behave(mode="words", words=5000)
    events = tenant.stream_response().typed()
    assert events[-1]["type"] == "response.incomplete"
    assert tenant.settled(1).total == spent_upstream(mock) == 2000
    check_error(tenant.respond(), 429, "insufficient_quota")


def test_a_stream_that_nobody_pays_for_is_cut_visibly(tenant, mock):
    """So large a budget that no cap is written, and a provider that would go on for ever."""
    tenant.limit("daily", 6000, enforcement=STRICT)
    mock.behave(mode="words", words=100_000, frame_delay_ms=1)
    *events, error = tenant.stream_response().typed()
    assert error["type"] == "error" and "daily" in error["message"]
    assert error["code"] in ("rate_limit_exceeded", "insufficient_quota")
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    spent = tenant.settled(1)
    delivered = len(output_text_of(events).split())
    assert spent.estimated == 1 and delivered < spent_upstream(mock) <= spent.total <= 6000
    assert tenant.respond("hi", max_output_tokens=20).status == 429


def test_it_shares_its_limits_with_chat(tenant):
    tenant.limit("daily", 60)
    assert tenant.respond(max_output_tokens=20).status == 200
    assert tenant.chat(max_tokens=20).status == 200
    tenant.settled(2)
    assert tenant.limit_state("daily").remaining == 0
    assert tenant.respond(max_output_tokens=20).status == 429


# --- What is refused ---

@pytest.mark.parametrize("body, param", [
    ({"input": 7}, "input"), ({"input": []}, "input"), ({"input": ["hi"]}, "input[0]"),
    ({"instructions": 7}, "instructions"), ({"max_output_tokens": 0}, "max_output_tokens"),
    ({"stream": "yes"}, "stream"), ({"background": True}, "background")])
def test_what_is_wrong_is_named(tenant, mock, body, param):
    check_error(tenant.respond(**body), 400, "invalid_value", param=param,
                kind="invalid_request_error")
    assert mock.ledger()["requests"] == 0
