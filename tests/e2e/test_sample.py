"""The WSO2 sample's figures in one piece: declared as documents, called as its test script calls."""

import time

import pytest

from weir_harness.settings import patience
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually
from weir_harness.wire import check_error

PATH = "/assistant/chat/completions"


def documents(upstream_url, key_file):
    return [
        {"kind": "Provider", "name": "openai-provider",
         "spec": {"baseUrl": upstream_url, "authHeader": "Authorization",
                  "authValue": "Bearer local-mock-key"}},
        {"kind": "Proxy", "name": "openai-assistant",
         "spec": {"context": "/assistant", "provider": "openai-provider",
                  "kinds": ["API_KIND_CHAT"], "keyHeader": "api_key"}},
        {"kind": "Limit", "name": "thirty-a-minute",
         "spec": {"level": "LEVEL_PROVIDER", "subject": "openai-provider",
                  "unit": "UNIT_TOTAL_TOKENS", "count": 30,
                  "fixedWindow": {"period": "60s", "anchor": "ANCHOR_FIRST_HOLD"}}},
        {"kind": "Key", "name": "demo", "spec": {"value": {"fromFile": str(key_file)}}},
    ]


@pytest.fixture
def sample(own_gateway, mock, tmp_path):
    key_file = tmp_path / "inbound.key"
    key_file.write_text("demo-api-key\n")
    return own_gateway(documents=documents(mock.url, key_file))


def call(gateway, key):
    headers = {} if key is None else {"api_key": key}
    return gateway.tls.post(PATH, chat_body("Hello", model="gpt-4o-mini"), headers)


def test_S0_1_S0_2_S0_3_S0_4_S0_5_the_sample_walks_through(sample, mock):
    check_error(call(sample, "wrong-key"), 401, "invalid_api_key")
    check_error(call(sample, None), 401, "invalid_api_key")
    assert mock.ledger()["requests"] == 0

    first = call(sample, "demo-api-key")
    assert first.status == 200 and first.json()["usage"]["total_tokens"] == 30
    assert mock.headers()["authorization"] == "Bearer local-mock-key"

    second = call(sample, "demo-api-key")
    message = check_error(second, 429, "rate_limit_exceeded")
    assert "Rate limit exceeded" in message and "thirty-a-minute" in message
    assert second.headers["X-RateLimit-Remaining"] == "0"
    assert 0 < int(second.headers["X-RateLimit-Reset"]) <= 60
    assert mock.ledger()["requests"] == 1
    check_error(sample.tls.post("/assistant/embeddings", {"model": "m", "input": "x"},
                                {"api_key": "demo-api-key"}), 404, "unknown_url")


def test_routes_are_live_and_enforcing_once_it_is_ready(sample):
    assert call(sample, "route-probe-key").status == 401


@pytest.mark.standalone
def test_a_restart_applies_the_same_documents_again(sample, mock):
    assert call(sample, "demo-api-key").status == 200
    assert sample.stop() == 0
    sample.start()
    # The key is the same one, the documents changed nothing.
    status = call(sample, "demo-api-key").status
    assert status in (200, 429)  # A minute's window need not outlive the process.
    check_error(call(sample, "wrong-key"), 401, "invalid_api_key")
    assert mock.ledger()["requests"] >= 1


@pytest.mark.standalone
def test_a_changed_document_is_applied_while_it_runs(sample):
    """The bootstrap folder is followed: what a file says now is in force soon after."""
    limit = sample.folder / "bootstrap/02.yaml"
    assert call(sample, "demo-api-key").status == 200
    assert call(sample, "demo-api-key").status == 429
    limit.write_text(limit.read_text().replace("count: 30", "count: 90"))
    began = time.monotonic()
    eventually(lambda: call(sample, "demo-api-key").status == 200, within=5,
               what="the raised limit")
    assert time.monotonic() - began < patience(5)
