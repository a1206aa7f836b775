"""Providers that are slow, gone or broken."""

import time

import pytest

from weir_harness.settings import patience
from weir_harness.tenant import VENDOR_KEY
from weir_harness.wire import check_error


@pytest.fixture
def impatient(new_tenant):
    """A tenant whose provider has two seconds for its first byte."""
    return new_tenant(provider={"timeouts": {"first_byte": "2s"}}, model={"suspend_duration": "0s"})


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_S3_8_no_first_byte_in_time_is_504(impatient, mock, stream):
    mock.behave(latency_ms=5000)
    began = time.monotonic()
    reply = impatient.chat(stream=stream)
    took = time.monotonic() - began
    assert check_error(reply, 504, "upstream_timeout") == "upstream timed out"
    assert 2.0 <= took < 2.0 + patience(0.3)
    spent = impatient.settled(1)
    assert spent.requests == 1
    assert mock.open_count() == 0


def test_an_answer_within_its_time_is_not_cut(impatient, mock):
    mock.behave(mode="words", words=6, latency_ms=1000, frame_delay_ms=300)
    assert impatient.stream().rest()[-1] == "[DONE]"


def test_the_whole_call_has_an_end(new_tenant, mock):
    tenant = new_tenant(provider={"timeouts": {"total": "1s"}})
    mock.behave(mode="words", words=50, frame_delay_ms=100)
    began = time.monotonic()
    events = tenant.stream().rest()
    assert 0.9 < time.monotonic() - began < 1 + patience(0.5)
    assert "upstream timed out" in events[-1]


def test_nobody_listening_is_502(tenant, mock):
    tenant.put_provider("gone", base_url=mock.url_of_nobody())
    tenant.put_model("lost", provider="gone")
    tenant.wait_for("lost")
    check_error(tenant.chat(model="lost"), 502, "upstream_error")
    assert tenant.unbilled()


@pytest.mark.parametrize("broken", [
    {"drop_before_answer": True}, {"truncate_content_length": True}],
    ids=["dropped", "cut"])
def test_a_broken_answer_is_502(tenant, mock, broken):
    mock.behave(**broken)
    check_error(tenant.chat(), 502, "upstream_error")


def test_the_vendors_401_is_not_ours(tenant, mock, own_mock):
    strict = own_mock("--api-key", "another")
    tenant.put_provider("strict", base_url=strict.url)
    tenant.put_model("locked", provider="strict", suspend_duration="0s")
    tenant.wait_for("locked")
    reply = tenant.chat(model="locked")
    message = check_error(reply, 502, "upstream_auth_failed")
    assert VENDOR_KEY not in message and "strict" in message
    mock.behave(status=403)
    check_error(tenant.chat(), 502, "upstream_auth_failed")


@pytest.mark.parametrize("status", [500, 503, 529])
def test_a_failing_provider_is_told_apart(new_tenant, mock, status):
    tenant = new_tenant(model={"suspend_duration": "0s"})
    mock.behave(status=status)
    reply = tenant.chat()
    check_error(reply, reply.status, "upstream_error")
    assert reply.status >= 500


def test_a_providers_rate_limit_is_429_with_its_wait(new_tenant, mock):
    tenant = new_tenant(model={"suspend_duration": "0s"})
    mock.behave(status=429, retry_after=7)
    reply = tenant.chat()
    assert reply.status == 429 and reply.headers["Retry-After"] == "7"
    assert not reply.error["message"].startswith("Rate limit exceeded")


def test_a_providers_refusal_of_the_request_is_the_clients_to_read(tenant, mock):
    mock.behave(status=400, body='{"error":{"message":"too many tokens in messages",'
                                 '"type":"invalid_request_error","param":"messages",'
                                 '"code":"context_length_exceeded"}}')
    message = check_error(tenant.chat(), 400, "context_length_exceeded", param="messages")
    assert message == "too many tokens in messages"


def test_an_error_that_is_no_json_becomes_one(tenant, mock):
    mock.behave(status=400, body="<html>no</html>")
    assert "html" not in check_error(tenant.chat(), 400, "upstream_error")


def test_a_redirect_is_not_followed(tenant, mock):
    mock.behave(status=307, extra_headers={"Location": "http://169.254.169.254/"})
    check_error(tenant.chat(), 502, "upstream_error")
    assert mock.ledger()["requests"] == 1
